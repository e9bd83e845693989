import AdaptiveComputation
import Datasets
import Foundation
import Torch
import Transformers

extension BudgetCalibrator {
    /// Calibrates on samples of a dataset, drawn by a seed.
    ///
    /// - Parameters:
    ///   - dataset: of the kind that the model will be used on.
    ///   - sampleCount: the most samples to draw.
    ///   - batchSize: samples that run together.
    ///   - seed: decides which samples are drawn.
    public init(_ dataset: any Dataset, sampleCount: Int, batchSize: Int, seed: UInt64) throws {
        let size = min(batchSize, sampleCount, dataset.count)
        let batches = dataset.shuffledBatches(size: size, seed: seed, epoch: -2).prefix(
            max(1, sampleCount / size))
        self.init(batchCount: batches.count) { try dataset.batch(batches[$0]).inputs }
    }
}
