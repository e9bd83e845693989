import Torch

/// What running one batch of one model at one budget takes.
public struct BenchmarkRow: Sendable, Equatable {
    /// Which of the models.
    public let model: Int
    public let batchSize: Int
    /// nil for a dense model.
    public let budget: Double?
    /// The load that the gates chose; 1 for a dense model and in training.
    public let load: Double
    public let timing: Timing
    /// Of the first run, see `PeakMemory`; nil where it cannot be told.
    public let peakMemoryBytes: Int?
    /// Of all that ran on the device meanwhile; nil where energy is not measured.
    public let joulesPerSample: Double?

    public var samplesPerSecond: Double { Double(batchSize) * 1000 / timing.median }

    /// Keys: `model`, `batch_size`, `budget`, `load`, `milliseconds` (`median`, `p10`, `p90`, `p99`),
    /// `samples_per_second`, `peak_memory_bytes`, `joules_per_sample`; null for what is nil.
    public var json: JSONValue {
        [
            "model": .integer(model), "batch_size": .integer(batchSize),
            "budget": budget.map { .number($0) } ?? .null, "load": .number(load),
            "milliseconds": [
                "median": .number(timing.median), "p10": .number(timing.quantile(0.1)),
                "p90": .number(timing.quantile(0.9)), "p99": .number(timing.quantile(0.99)),
            ],
            "samples_per_second": .number(samplesPerSecond),
            "peak_memory_bytes": peakMemoryBytes.map { .integer($0) } ?? .null,
            "joules_per_sample": joulesPerSample.map { .number($0) } ?? .null,
        ]
    }
}
