import Datasets
import Torch

/// The batches of a training by the number of their step; steps that follow each other are loaded
/// ahead.
package final class TrainingBatches {
    private let dataset: any Dataset
    private let size: Int
    private let seed: UInt64
    private let count: Int
    private let device: Device
    private let loading: LoadingOptions
    private let processes: ProcessGroup?
    private var loader: (step: Int, batches: BatchLoader)?

    /// - Parameters:
    ///   - dataset: whose samples come, epoch after epoch, each in an order of its own.
    ///   - size: samples of a batch.
    ///   - seed: with an epoch's number it decides the order and all random changes.
    ///   - count: steps in all.
    ///   - device: where the batches are given.
    ///   - loading: how they are prepared ahead.
    ///   - processes: where several train together, each has its share of every batch.
    package init(
        _ dataset: any Dataset, size: Int, seed: UInt64, count: Int, device: Device, loading: LoadingOptions,
        processes: ProcessGroup? = nil
    ) {
        self.dataset = dataset
        self.size = size
        self.seed = seed
        self.count = count
        self.device = device
        self.loading = loading
        self.processes = processes
    }

    /// The batch of a step on the device.
    ///
    /// - Throws: ``ConversionError/data(_:)`` for a step that has none; what the dataset throws.
    package func batch(_ step: Int) throws -> Batch {
        if loader?.step != step {
            loader = nil
            var plan = BatchPlan.shuffled(dataset, size: size, seed: seed, count: count)
            if let processes { plan = plan.share(of: processes.rank, among: processes.size) }
            loader = (step, try BatchLoader(dataset, plan, from: step, device: device, options: loading))
        }
        guard let batch = try loader?.batches.next() else {
            throw ConversionError.data("The dataset has no batch for step \(step)")
        }
        loader?.step = step + 1
        return batch
    }
}
