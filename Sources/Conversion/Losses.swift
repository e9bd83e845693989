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
    /// - Parameters:
    ///   - learners: what learns.
    ///   - input: `[rows, inputWidth]`.
    ///   - target: `[rows, outputWidth]`.
    ///   - greedy: whether each learner sees those before it as constants.
    ///   - weights: `[rows]` float32, 0 for padding; nil counts all rows alike.
    public static func distillation(
        _ learners: Learners, input: Tensor, target: Tensor, greedy: Bool, weights: Tensor? = nil
    ) throws -> Tensor {
        let prefixes = try greedy ? learners.greedyPrefixes(input) : learners.prefixes(input)
        // [learners, rows, outputWidth]
        let errors = try (prefixes.to(nil, .float32) - target.to(nil, .float32)).square().sum(axis: -1)
        guard let weights else { return try errors.mean() }
        return try (errors * weights).sum() / (weights.sum() * Double(learners.count))
    }

    /// `| mean over samples of (Σ p·k / Σ p·N) - budget |`, and that mean, the realised load.
    ///
    /// - Parameters:
    ///   - counts: for each module the learners that ran, `[batch, tokens]` float32.
    ///   - costs: for each module the cost of one learner and its number of learners.
    ///   - masks: for each module `[batch, tokens]` float32, 0 for padding.
    ///   - budget: the load that is wanted, 0…1.
    public static func budget(
        counts: [Tensor], costs: [(learner: Int, count: Int)], masks: [Tensor], budget: Double
    ) throws -> (loss: Tensor, load: Tensor) {
        let load = try loads(counts: counts, costs: costs, masks: masks).mean()
        return (try (load - budget).absolute(), load)
    }

    /// The load of each sample, `Σ p·k / Σ p·N`: `[batch]`.
    ///
    /// - Parameters: as for ``budget(counts:costs:masks:budget:)``.
    static func loads(
        counts: [Tensor], costs: [(learner: Int, count: Int)], masks: [Tensor]
    ) throws -> Tensor {
        // In parts of one token's whole cost, so that the sums stay small.
        let full = Double(costs.reduce(0) { $0 + $1.learner * $1.count })
        var spent: [Tensor] = []  // for each module [batch]
        var available: [Tensor] = []
        for (index, cost) in costs.enumerated() {
            let price = Double(cost.learner) / full
            spent.append(try (counts[index] * masks[index]).sum(axis: 1) * price)
            available.append(try masks[index].sum(axis: 1) * (price * Double(cost.count)))
        }
        return try Tensor.stacked(spent).sum(axis: 0) / Tensor.stacked(available).sum(axis: 0)
    }

    /// `Σ_n a log a / log C`, mean over samples and modules, where `a` is the share of a sample's
    /// tokens that made choice n of C: lowest when all choices are used alike.
    ///
    /// - Parameters:
    ///   - oneHots: for each module `[batch, tokens, allowedChoices]`.
    ///   - masks: for each module `[batch, tokens]` float32, 0 for padding.
    public static func entropy(oneHots: [Tensor], masks: [Tensor]) throws -> Tensor {
        guard let device = masks.first?.device else { return try .zeros([]) }
        var total = try Tensor.zeros([], device: device)
        for (oneHot, mask) in zip(oneHots, masks) {
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
    ///
    /// - Parameters: as for ``budget(counts:costs:masks:budget:)``.
    public static func diversity(
        counts: [Tensor], learnerCounts: [Int], masks: [Tensor]
    ) throws -> Tensor {
        counts.isEmpty ? try .zeros([]) : try diversity(shares(counts, learnerCounts, masks))
    }

    /// The loss of some samples by their ``shares(_:_:_:)``.
    static func diversity(_ shares: Tensor) throws -> Tensor {
        try (shares.unsqueezed(0) - shares.unsqueezed(1)).absolute().mean().negative()
    }

    /// The mean share of learners of each sample: `[batch]`.
    ///
    /// - Parameters: as for ``diversity(counts:learnerCounts:masks:)``.
    static func shares(_ counts: [Tensor], _ learnerCounts: [Int], _ masks: [Tensor]) throws -> Tensor {
        try Tensor.stacked(
            counts.indices.map { index in
                try (counts[index] * masks[index]).sum(axis: 1) / masks[index].sum(axis: 1)
                    / Double(learnerCounts[index])
            }
        ).mean(axis: 0)
    }
}
