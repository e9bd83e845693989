import Conversion

/// Everything that decides a training of halting tokens; read from YAML, written back into the output folder.
public struct TokenHaltingOptions: TrainingOptions, Equatable {
    public var optimisation = ConversionOptions.Optimisation(learningRate: 1e-4, batchSize: 64, epochs: 5)
    /// The block, from 1, around which tokens are to halt.
    public var depth = 6.0
    /// Of the normal distribution around it, in blocks.
    public var deviation = 1.0
    public var ponderWeight = 5e-4
    public var distributionWeight = 0.1
    public var task = BaselineTask()

    public init() {}

    public func validate() throws {
        func require(_ condition: Bool, _ text: String) throws {
            if !condition { throw ConversionError.option(text) }
        }
        try optimisation.validate("optimisation")
        try require(
            deviation > 0 && deviation.isFinite, "deviation must be a number above 0, found \(deviation)")
        for (name, weight) in [("ponderWeight", ponderWeight), ("distributionWeight", distributionWeight)] {
            try require(weight >= 0 && weight.isFinite, "\(name) must be a number from 0, found \(weight)")
        }
        try task.validate()
    }
}
