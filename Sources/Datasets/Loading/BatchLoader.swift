import Foundation
import Torch

/// Prepares the batches of a plan on several threads and gives them in the plan's order.
///
/// What comes does not depend on the number of threads. At most `LoadingOptions.inFlight` batches
/// are in memory; the threads wait while the consumer has not taken the oldest. On a CUDA device
/// the next batch is copied while the consumer computes on the last. A failure is thrown when its
/// batch's turn comes.
///
/// ```swift
/// let loader = try BatchLoader(dataset, .inOrder(batches), device: .cuda)
/// while let batch = try loader.next() { … }
/// ```
public final class BatchLoader {
    private let dataset: any Dataset
    private let queue: BatchQueue
    private let device: Device
    private let type: DataType?
    private let workers: Int
    private let passesOverEmpty: Bool
    /// A batch whose copy to the device has begun.
    private var staged: LoadedBatch?

    /// - Parameters:
    ///   - dataset: where the samples are read.
    ///   - plan: which samples make which batch.
    ///   - first: number of the first batch to give.
    ///   - device: where the batches are given.
    ///   - type: of floating-point inputs; nil keeps theirs.
    ///   - options: how batches are prepared ahead.
    public init(
        _ dataset: any Dataset, _ plan: BatchPlan, from first: Int = 0, device: Device = .cpu,
        type: DataType? = nil, options: LoadingOptions = LoadingOptions()
    ) throws {
        self.dataset = dataset
        self.device = device
        self.type = type
        workers = options.workers
        passesOverEmpty = plan.passesOverEmpty
        queue = BatchQueue(
            dataset, plan, first: first, capacity: options.inFlight, pins: device.type == .cuda)
        if workers > 0 { try startWorkers() }
    }

    deinit { queue.close() }

    /// Each worker runs operators on its own core alone. libtorch keeps the number of threads for
    /// each thread, but a thread that sets its own also sets what threads to come begin with: that is
    /// put back when all workers have done so.
    private func startWorkers() throws {
        let threadCount = try Runtime.threadCount()
        for _ in 0..<workers { queue.startWorker() }
        queue.waitForWorkers()
        try Runtime.setThreadCount(threadCount)
    }

    /// The next batch on the device; nil behind the last.
    ///
    /// - Throws: what the dataset threw for this batch.
    public func next() throws -> Batch? {
        var loaded = staged
        staged = nil
        if loaded == nil {
            loaded = try take().map(copied)
        }
        // The copy of the batch after this one goes on beside what the consumer does with this one.
        if device.type == .cuda { staged = try queue.takeIfReady().map(copied) }
        guard let loaded else { return nil }
        let batch = try withoutGradients { try dataset.finish(loaded.batch, loaded.epoch) }
        return try batch.to(device, type)
    }

    private func take() throws -> LoadedBatch? {
        while true {
            if workers == 0 { queue.loadOne() }
            do {
                return try queue.take()
            } catch DatasetError.nothingLeft where passesOverEmpty {
                continue
            }
        }
    }

    private func copied(_ loaded: LoadedBatch) throws -> LoadedBatch {
        guard device.type == .cuda else { return loaded }
        let inputs = try loaded.batch.inputs.tensors.mapValues { try $0.copiedAside(to: device) }
        var batch = loaded.batch
        batch.inputs.tensors = inputs
        batch.labels = try batch.labels?.copiedAside(to: device)
        return LoadedBatch(batch: batch, epoch: loaded.epoch)
    }
}

/// A batch before its last part, with the epoch that it was made for.
struct LoadedBatch: Sendable {
    var batch: Batch
    let epoch: Epoch?
}
