import Conversion

/// Everything that decides a model of fewer blocks; read from YAML, written back into the output folder.
public struct DepthCutOptions: TrainingOptions, Equatable {
    /// How many blocks are kept.
    public var blocks = 6
    public var optimisation = ConversionOptions.Optimisation(learningRate: 1e-4, batchSize: 64, epochs: 7)
    public var task = BaselineTask()

    public init() {}

    public func validate() throws {
        guard blocks >= 1 else {
            throw ConversionError.option("blocks must be at least 1, found \(blocks)")
        }
        try optimisation.validate("optimisation")
        try task.validate()
    }
}
