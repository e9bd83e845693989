import Torch
import Transformers

/// A trained classifier or recogniser, and what its training took.
public struct DenseResult: Sendable {
    public let network: any TransformerModel
    public let source: DenseStart.Source
    public let steps: Int
    /// Of the training data; how often each was seen, on average, is `steps · batchSize / samples`.
    public let sampleCount: Int
    public let batchSize: Int
    /// Of the last step.
    public let values: [(name: String, value: Double)]
    /// Of the steps of this call alone.
    public let seconds: Double
    public let samplesPerSecond: Double
    /// Of the device's allocator in this call; nil on a CPU.
    public let peakDeviceBytes: Int?

    /// Keys: `parameters`, `weights` (`whole`, `newHead` or `new`), `samples`, `batch_size`, `steps`,
    /// `seconds`, `samples_per_second`, `peak_device_bytes` (null on a CPU), and `last_` with the name of
    /// each of ``values``.
    public var json: JSONValue {
        var object = JSONObject()
        let count = network.namedParameters().reduce(0) { $0 + $1.tensor.elementCount }
        object["parameters"] = .integer(count)
        object["weights"] = .string("\(source)")
        object["samples"] = .integer(sampleCount)
        object["batch_size"] = .integer(batchSize)
        object["steps"] = .integer(steps)
        object["seconds"] = .number(seconds)
        object["samples_per_second"] = .number(samplesPerSecond)
        object["peak_device_bytes"] = peakDeviceBytes.map { .integer($0) } ?? .null
        for (name, value) in values { object["last_\(name)"] = .number(value) }
        return .object(object)
    }
}
