import AdaptiveComputation
import Foundation
import Torch

/// Which number of learners phase II takes for the right one of a token.
///
/// A label is an index among the allowed choices of a module.
enum GateLabels {
    /// How far each allowed choice leaves a token from the dense module, `‖H(z, n) - target‖`.
    ///
    /// - Parameters: `input [rows, inputWidth]`, `target [rows, outputWidth]`.
    /// - Returns: `[allowedChoices, rows]`.
    static func distances(_ module: AdaptiveModule, input: Tensor, target: Tensor) throws -> Tensor {
        let none = try module.learners.bias.unsqueezed(0).unsqueezed(0).expanded([1, target.size(0), -1])
        let outputs = try Tensor.concatenated([none, module.learners.prefixes(input).to(nil, .float32)])
        return try (outputs - target.to(nil, .float32)).norm(axes: [-1])
            .slice(module.minimumChoice..<module.learners.count + 1, axis: 0)
    }

    /// The smallest n with `D(n+1) / D(n) ≥ 1 / improvement`, or the largest; one more, where there
    /// is one, by the paper's formula.
    ///
    /// - Parameter distances: `[allowedChoices, rows]`.
    /// - Returns: `[rows]` int64.
    /// - Source: Wójcik et al. 2025, section 3.2.
    static func whereHelpEnds(_ distances: Tensor, improvement: Double, oneMore: Bool) throws -> Tensor {
        let choices = try distances.size(0)
        let next = try distances.slice(1..<choices, axis: 0)
        let this = try distances.slice(0..<choices - 1, axis: 0)
        // Not as a quotient: where nothing is left to lessen, the next learner does not help.
        let stops = try next.isAtLeast(this / improvement).to(nil, .int64)
        // As many steps help as stand before the first that does not.
        let label = try stops.cumulativeSum(axis: 0).equals(0).to(nil, .int64).sum(axis: 0)
        return oneMore ? try (label + 1).clamped(to: 0...Double(choices - 1)).to(nil, .int64) : label
    }

    /// The choices that spend a budget where they lessen the squared error most: each token of each
    /// module takes the least of `D(n)² + λ · cost(n)`, with the one λ for which their load is the
    /// budget.
    ///
    /// - Parameters:
    ///   - distances: for each module `[allowedChoices, rows]`.
    ///   - modules: for each module its fewest learners, its number of learners and the cost of one.
    ///   - weights: for each module `[rows]` float32, 0 for padding; nil counts all rows alike.
    ///   - share: what of the batch the rows are of; λ is that of the whole batch.
    /// - Returns: for each module `[rows]` int64.
    static func spending(
        _ budget: Double, distances: [Tensor],
        modules: [(minimum: Int, count: Int, learnerCost: Int)], weights: [Tensor?]? = nil,
        share: BatchShare = .whole
    ) throws -> [Tensor] {
        guard let device = distances.first?.device else { return [] }
        let weights = weights ?? distances.map { _ in nil }
        // Modules of one stack see the same tokens, those of another their own number of them.
        let ownRows = try zip(distances, weights).map { distances, weights in
            try weights?.sum() ?? .full([], Double(distances.size(1)), device: device)
        }
        let rows = try share.isWhole ? ownRows : share.total(.stacked(ownRows)).unstacked()
        var full = try Tensor.zeros([], device: device)
        for (module, count) in zip(modules, rows) {
            full = try full + count / rows[0] * Double(module.count * module.learnerCost)
        }
        let groups = try ModuleGroup.groups(distances, modules, weights, fullCost: full)
        // Errors may be of any size: λ is told in what those of all choices come to for a token.
        let unit =
            try share.total(groups.dropFirst().reduce(groups[0].error()) { try $0 + $1.error() }) / rows[0]
        // Halving the range of its logarithm, on the device.
        var low = try Tensor.full([], log(1e-9), device: device)
        var high = try Tensor.full([], log(1e4), device: device)
        for _ in 0..<17 {
            let middle = try (low + high) / 2
            let price = try middle.exponential() * unit
            var spent = try Tensor.zeros([], device: device)
            for group in groups { spent = try spent + group.spent(group.labels(price: price)) }
            let isTooMuch = try share.total(spent / rows[0]).isGreater(than: budget)
            low = try isTooMuch.choose(middle, low)
            high = try isTooMuch.choose(high, middle)
        }
        var labels = distances
        for group in groups {
            for (index, label) in zip(
                group.members, try group.labels(price: high.exponential() * unit).unstacked())
            {
                labels[index] = label
            }
        }
        return labels
    }
}

/// Modules of one shape, whose choices are found at once.
private struct ModuleGroup {
    let members: [Int]
    /// `[modules, allowedChoices, rows]`.
    private let errors: Tensor
    /// Of a token, as a share of the cost of all modules: `[allowedChoices]`.
    private let costs: Tensor
    /// `[modules · rows]`; nil counts all rows alike.
    private let weights: Tensor?

    private struct Shape: Hashable {
        let sizes: [Int]
        let minimum: Int
        let count: Int
        let learnerCost: Int
    }

    static func groups(
        _ distances: [Tensor], _ modules: [(minimum: Int, count: Int, learnerCost: Int)],
        _ weights: [Tensor?], fullCost: Tensor
    ) throws -> [ModuleGroup] {
        let members = Dictionary(grouping: distances.indices) { index in
            Shape(
                sizes: distances[index].shape, minimum: modules[index].minimum, count: modules[index].count,
                learnerCost: modules[index].learnerCost)
        }
        return try members.sorted { $0.value[0] < $1.value[0] }.map { shape, members in
            let known = members.compactMap { weights[$0] }
            return ModuleGroup(
                members: members, errors: try Tensor.stacked(members.map { distances[$0] }).square(),
                costs: try Tensor.range(
                    shape.minimum..<shape.count + 1, .float32, device: fullCost.device)
                    * Double(shape.learnerCost) / fullCost,
                weights: known.isEmpty ? nil : try .concatenated(known))
        }
    }

    /// The best choices at a price of computing: `[modules, rows]` int64.
    func labels(price: Tensor) throws -> Tensor {
        try (errors + costs.unsqueezed(-1) * price).negative().argMax(axis: 1)
    }

    /// Squared errors, summed over modules, choices and rows.
    func error() throws -> Tensor {
        let errors = try errors.sum(axis: 1).flattened()
        return try (weights.map { try errors * $0 } ?? errors).sum()
    }

    /// What they cost, summed over modules and rows.
    func spent(_ labels: Tensor) throws -> Tensor {
        let costs = try costs.entries(labels.flattened())
        return try weights.map { try (costs * $0).sum() } ?? costs.sum()
    }
}
