import Datasets
import Torch

/// How an evaluation runs.
public struct EvaluationOptions {
    public var batchSize: Int
    public var device: Device
    public var loading: LoadingOptions
    /// Batches that are timed, spread evenly over the dataset.
    public var timedBatchCount: Int
    /// How often each model runs them; 0 times nothing.
    public var timedRepeatCount: Int
    /// About so many samples, drawn by their numbers, keep their embeddings for nearest neighbours, which
    /// bounds the memory.
    public var embeddedSampleCount: Int
    /// Where parts are kept until the evaluation has ended; nil keeps none.
    public var parts: EvaluationParts?
    /// A part is written when so much time has gone by since the last.
    public var partDuration: Duration = .seconds(20)
    /// Called after each batch with the samples done and all.
    public var report: (_ done: Int, _ total: Int) -> Void

    public init(
        batchSize: Int = 32, device: Device = .cpu, loading: LoadingOptions = LoadingOptions(),
        timedBatchCount: Int = 8, timedRepeatCount: Int = 5, embeddedSampleCount: Int = 10_000,
        parts: EvaluationParts? = nil, report: @escaping (Int, Int) -> Void = { _, _ in }
    ) {
        self.batchSize = max(batchSize, 1)
        self.device = device
        self.loading = loading
        self.timedBatchCount = max(timedBatchCount, 1)
        self.timedRepeatCount = max(timedRepeatCount, 0)
        self.embeddedSampleCount = max(embeddedSampleCount, 2)
        self.parts = parts
        self.report = report
    }
}
