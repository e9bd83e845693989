import Conversion

/// Everything that decides a MoEfication; read from YAML, written back into the output folder.
public struct MoEficationOptions: TrainingOptions, Equatable {
    /// The dense model with ReLU in the place of its activation learns what the dense model does.
    public var relu = ConversionOptions.Optimisation(learningRate: 1e-4, batchSize: 64, epochs: 5)
    /// The routers.
    public var routers = ConversionOptions.Optimisation(learningRate: 1e-3, batchSize: 64, epochs: 2)
    /// Neurons of an expert; divides the hidden width.
    public var expertWidth = 24
    public var routerWidth = 128
    public var task = BaselineTask()

    public init() {}

    public func validate() throws {
        func require(_ condition: Bool, _ text: String) throws {
            if !condition { throw ConversionError.option(text) }
        }
        try relu.validate("relu")
        try routers.validate("routers")
        try require(expertWidth >= 1, "expertWidth must be at least 1, found \(expertWidth)")
        try require(routerWidth >= 1, "routerWidth must be at least 1, found \(routerWidth)")
        try task.validate()
    }
}
