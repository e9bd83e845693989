import Conversion

/// Everything that decides a training of exits; read from YAML, written back into the output folder.
public struct EarlyExitOptions: TrainingOptions, Equatable {
    /// The exits, all together; the model stays as it is.
    public var exits = ConversionOptions.Optimisation(learningRate: 1e-3, batchSize: 64, epochs: 5)
    /// The weights of their ensembles.
    public var ensembles = ConversionOptions.Optimisation(learningRate: 1e-2, batchSize: 64, epochs: 1)
    /// Samples of the training data on which thresholds are found for budgets.
    public var calibrationSamples = 2048
    public var task = BaselineTask()

    public init() {}

    public func validate() throws {
        func require(_ condition: Bool, _ text: String) throws {
            if !condition { throw ConversionError.option(text) }
        }
        try exits.validate("exits")
        try ensembles.validate("ensembles")
        try require(
            calibrationSamples >= 1, "calibrationSamples must be at least 1, found \(calibrationSamples)")
        try task.validate()
    }
}
