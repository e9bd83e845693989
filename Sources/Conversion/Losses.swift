import AdaptiveComputation
import Foundation
import Torch
import Transformers

/// The losses of the three phases.
///
/// - Source: Wójcik et al. 2025 (arXiv 2312.10193), section 3.2, equations as numbered there.
public enum ConversionLoss {
    /// Mean over tokens and learner counts n = 1…N of `‖H(z, n) - target‖²`, for one module.
    ///
    /// - Parameters: `input [rows, inputWidth]`, `target [rows, outputWidth]`.
    public static func distillation(
        _ learners: Learners, input: Tensor, target: Tensor, greedy: Bool
    ) throws -> Tensor {
        let prefixes = try greedy ? learners.greedyPrefixes(input) : learners.prefixes(input)
        // [learners, rows, outputWidth]
        return try (prefixes.to(nil, .float32) - target.to(nil, .float32)).square().sum(axis: -1).mean()
    }

    /// `| mean over samples of (Σ p·k / Σ p·N) - budget |`, and that mean, the realised load.
    ///
    /// - Parameters:
    ///   - counts: for each module the learners that ran, `[batch, tokens]` float32.
    ///   - costs: for each module the cost of one learner and its number of learners.
    ///   - mask: `[batch, tokens]` float32, 0 for padding.
    public static func budget(
        counts: [Tensor], costs: [(learner: Int, count: Int)], mask: Tensor, budget: Double
    ) throws -> (loss: Tensor, load: Tensor) {
        let full = Double(costs.reduce(0) { $0 + $1.learner * $1.count })
        var weighted = try mask.zerosLike()
        for (count, cost) in zip(counts, costs) {
            weighted = try weighted + count * (Double(cost.learner) / full)
        }
        let load = try ((weighted * mask).sum(axis: 1) / mask.sum(axis: 1)).mean()
        return (try (load - budget).absolute(), load)
    }

    /// `Σ_n a log a / log C`, mean over samples and modules, where `a` is the share of a sample's
    /// tokens that made choice n of C: lowest when all choices are used alike.
    ///
    /// - Parameter oneHots: for each module `[batch, tokens, allowedChoices]`.
    public static func entropy(oneHots: [Tensor], mask: Tensor) throws -> Tensor {
        var total = try Tensor.zeros([], device: mask.device)
        for oneHot in oneHots {
            let choices = try oneHot.size(-1)
            if choices < 2 { continue }
            let sums = try (oneHot * mask.unsqueezed(-1)).sum(axis: 1)  // [batch, allowedChoices]
            let shares = try sums / sums.sum(axis: 1, keepDimension: true)
            let entropies = try (shares * shares.clamped(minimum: 1e-20).logarithm()).sum(axis: 1)
            total = try total + entropies.mean() / log(Double(choices))
        }
        return try total / Double(max(oneHots.count, 1))
    }

    /// `-1/B² Σ |b_i - b_m|`, where `b` is a sample's mean share of learners: lowest when samples
    /// differ most.
    public static func diversity(
        counts: [Tensor], learnerCounts: [Int], mask: Tensor
    ) throws -> Tensor {
        var shares = try mask.zerosLike()
        for (count, learners) in zip(counts, learnerCounts) {
            shares = try shares + count / Double(learners * counts.count)
        }
        let means = try (shares * mask).sum(axis: 1) / mask.sum(axis: 1)  // [batch]
        return try (means.unsqueezed(0) - means.unsqueezed(1)).absolute().mean().negative()
    }
}
