import AdaptiveComputation
import Torch

/// The load of whole samples.
enum SampleLoad {
    /// For each sample `Σ p·k / Σ p·N` over its real tokens and all modules, `p` the cost of a learner; of a
    /// `SelfCosting` model what the sample cost over what it costs in the dense one; 1 for a dense model.
    ///
    /// - Parameters:
    ///   - pass: one that has run.
    ///   - model: that it ran.
    ///   - sampleCount: samples of its batch.
    static func of(_ pass: AdaptivePass, _ model: AdaptiveModel, sampleCount: Int) throws -> [Float] {
        if let costs = try pass.sampleCosts?() {
            let tokens = try pass.tokenCounts(sampleCount: sampleCount)
            var dense: [Int?: Double] = [:]
            return try costs.indices.map { sample in
                let count = tokens?[sample]
                let whole = try dense[count] ?? ModelCost(model, tokenCount: count).total()
                dense[count] = whole
                return Float(costs[sample] / whole)
            }
        }
        var spent: Tensor?
        var available: Tensor?
        for decision in pass.trace {
            guard let slot = model.network.slot(at: decision.place) as? any PartitionedSlot else { continue }
            let choices = try decision.choices.to(nil, .float32)  // [batch, tokens]
            let real =
                try pass.tokenMask(at: decision.place)?.to(nil, .float32)
                ?? Tensor.full(choices.shape, 1, device: choices.device)
            let cost = Double(slot.partCost)
            let (one, all) = try (
                (choices * real).sum(axis: 1) * cost,
                real.sum(axis: 1) * (cost * Double(slot.partCount))
            )
            spent = try spent.map { try $0 + one } ?? one
            available = try available.map { try $0 + all } ?? all
        }
        guard let spent, let available else { return Array(repeating: 1, count: sampleCount) }
        return try (spent / available.clamped(minimum: 1)).to(.cpu).array(of: Float.self)
    }
}
