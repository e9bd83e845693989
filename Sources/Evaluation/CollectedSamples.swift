import AdaptiveComputation
import Torch

/// What one model at one budget gave for a dataset.
struct CollectedSamples {
    /// `[samples, width]` float32 of unit length, on the host, in the order of the dataset.
    let embeddings: Tensor
    /// `[samples]` int64, on the host, in the order of the dataset.
    let labels: Tensor?
    /// Of the model's own classifier; nil without logits or labels.
    let classes: ClassAccuracy?
    /// The likeliest class of each sample, `[samples]` int64, on the host, in the order of the dataset; nil
    /// as ``classes`` is.
    let predictions: Tensor?
    /// Real tokens of each sample, in the order of the batches.
    let tokenCounts: [Int]
    let meter: LoadMeter

    /// Multiply-accumulates of one sample, mean over the samples, each with its own token count.
    func macs(_ model: AdaptiveModel) throws -> Double {
        var counts: [Int: Int] = [:]
        for count in tokenCounts { counts[count, default: 0] += 1 }
        let total = try counts.reduce(0.0) { sum, entry in
            try sum + Double(entry.value) * ModelCost(model, tokenCount: entry.key).total(load: meter.load)
        }
        return total / Double(max(tokenCounts.count, 1))
    }
}
