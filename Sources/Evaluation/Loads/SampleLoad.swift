import AdaptiveComputation
import Torch

/// The load of whole samples.
enum SampleLoad {
    /// For each sample `Σ p·k / Σ p·N` over its real tokens and all modules, `p` the cost of a learner; 1 for a
    /// dense model.
    ///
    /// - Parameters:
    ///   - pass: one that has run.
    ///   - model: that it ran.
    ///   - sampleCount: samples of its batch.
    static func of(_ pass: AdaptivePass, _ model: AdaptiveModel, sampleCount: Int) throws -> [Float] {
        let modules = Dictionary(uniqueKeysWithValues: model.modules.map { ($0.place, $0.module) })
        var spent: Tensor?
        var available: Tensor?
        for decision in pass.trace {
            guard let module = modules[decision.place] else { continue }
            let choices = try decision.choices.to(nil, .float32)  // [batch, tokens]
            let real =
                try pass.tokenMask(at: decision.place)?.to(nil, .float32)
                ?? Tensor.full(choices.shape, 1, device: choices.device)
            let cost = Double(module.learnerCost)
            let (one, all) = try (
                (choices * real).sum(axis: 1) * cost,
                real.sum(axis: 1) * (cost * Double(module.learners.count))
            )
            spent = try spent.map { try $0 + one } ?? one
            available = try available.map { try $0 + all } ?? all
        }
        guard let spent, let available else { return Array(repeating: 1, count: sampleCount) }
        return try (spent / available.clamped(minimum: 1)).to(.cpu).array(of: Float.self)
    }
}
