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
    public init(_ dataset: any Dataset, sampleCount: Int, batchSize: Int, seed: UInt64) {
        var generator = Epoch(seed: seed, number: -2).generator
        // One by one: of batches of like lengths, as trainings take them, a few do not stand for the data.
        let drawn = (0..<dataset.count).shuffled(using: &generator).prefix(sampleCount)
        let batches = stride(from: 0, to: drawn.count, by: batchSize).map {
            Array(drawn[$0..<min($0 + batchSize, drawn.count)])
        }
        self.init(batchCount: batches.count) { try dataset.batch(batches[$0]).inputs }
    }
}
