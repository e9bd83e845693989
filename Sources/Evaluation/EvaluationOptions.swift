import Datasets
import Torch

/// How an evaluation runs.
public struct EvaluationOptions: Sendable, Equatable {
    public var batchSize: Int
    public var device: Device
    public var loading: LoadingOptions
    /// Batches that are timed, spread evenly over the dataset.
    public var timedBatchCount: Int
    /// How often each model runs them; 0 times nothing.
    public var timedRepeatCount: Int

    public init(
        batchSize: Int = 32, device: Device = .cpu, loading: LoadingOptions = LoadingOptions(),
        timedBatchCount: Int = 8,
        timedRepeatCount: Int = 5
    ) {
        self.batchSize = max(batchSize, 1)
        self.device = device
        self.loading = loading
        self.timedBatchCount = max(timedBatchCount, 1)
        self.timedRepeatCount = max(timedRepeatCount, 0)
    }
}
