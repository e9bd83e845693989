import Torch
import Transformers

/// Some samples as a model takes them.
public struct Batch: Sendable {
    public var inputs: ModelInputs
    /// Where the data has labels: classes `[batch]` int64; shares of classes `[batch, classes]`
    /// float32 once samples are mixed; or texts `[batch, labels]` int64, filled up with -100.
    public var labels: Tensor?
    /// The samples of the rows, by their numbers.
    public var indices: [Int]

    public init(inputs: ModelInputs, labels: Tensor?, indices: [Int] = []) {
        self.inputs = inputs
        self.labels = labels
        self.indices = indices
    }

    /// The batch on a device, its floating-point inputs in `type`.
    public func to(_ device: Device, _ type: DataType? = nil) throws -> Batch {
        Batch(inputs: try inputs.to(device, type), labels: try labels?.to(device), indices: indices)
    }
}
