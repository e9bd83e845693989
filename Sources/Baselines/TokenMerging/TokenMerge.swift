import Torch
import Transformers

private enum Operators {
    static let scatter = Operator("aten::scatter", "value")
    static let scatterAdd = Operator("aten::scatter_add")
    static let indexAdd = Operator("aten::index_add")
}

/// Bipartite soft matching: of every second patch those most like one of the other half are merged with it.
///
/// - Source: Bolya et al. 2023 (arXiv 2210.09461), section 3.2.
enum TokenMerge {
    /// Merges some tokens of each sample; a merged one is the mean of those that it stands for. The others keep
    /// their order. Sums are in float32, where terms of bfloat16 add up to the same in whatever order a GPU adds them.
    ///
    /// - Parameters:
    ///   - flow: between two blocks; its sizes are kept.
    ///   - count: tokens to lose, at most half of the patches.
    ///   - leadingCount: tokens before the patches, which stay.
    static func merge(_ flow: inout BlockFlow, count: Int, leadingCount: Int) throws {
        guard count > 0 else { return }
        let states = flow.states
        let (batch, total, device) = (states.shape[0], states.shape[1], states.device)
        let sizes = try flow.sizes ?? .ones([batch, total], device: device)
        let pairs = try likest(states, count: count, leadingCount: leadingCount)
        let stays = try Operators.scatter(
            .tensor(.ones([batch, total], .int64, device: device)), .int(1), .tensor(pairs.from), .int(0))
        let kept = try stays.sorted(axis: 1, descending: true).indices.slice(0..<total - count, axis: 1)
        let targets = try (stays.cumulativeSum(axis: 1) + -1).gathered(pairs.to, axis: 1)  // among those
        let newSizes = try Operators.scatterAdd(
            .tensor(sizes.gathered(kept, axis: 1)), .int(1), .tensor(targets),
            .tensor(sizes.gathered(pairs.from, axis: 1)))
        /// Rows of tokens times their shares in what they become, in float32: `[batch · tokens, width]`.
        func shares(_ tokens: Tensor, of whole: Tensor) throws -> Tensor {
            let shares = try (sizes.gathered(tokens, axis: 1) / whole).to(nil, states.dataType)
            return try
                (states.flattened(to: 1).entries(rows(tokens, of: total))
                * shares.flattened().unsqueezed(-1)).to(nil, .float32)
        }
        flow.states = try Operators.indexAdd(
            .tensor(shares(kept, of: newSizes)), .int(0), .tensor(rows(targets, of: total - count)),
            .tensor(shares(pairs.from, of: newSizes.gathered(targets, axis: 1)))
        ).to(nil, states.dataType).reshaped([batch, total - count, -1])
        flow.sizes = newSizes
    }

    /// The tokens that are most like another, and which that is, both `[batch, count]`.
    private static func likest(
        _ states: Tensor, count: Int, leadingCount: Int
    ) throws -> (from: Tensor, to: Tensor) {
        let unit = try states / states.norm(axes: [2], keepDimension: true)
        func everySecond(from start: Int) throws -> Tensor {
            try unit.entries(.range(start..<unit.shape[1], step: 2, device: unit.device), axis: 1)
        }
        let likeness = try everySecond(from: leadingCount)
            .matmul(everySecond(from: leadingCount + 1).transposed(1, 2))  // [batch, givers, takers]
        let givers = try likeness.maximum(axes: [2]).sorted(axis: 1, descending: true).indices
            .slice(0..<count, axis: 1)
        let takers = try likeness.argMax(axis: 2).gathered(givers, axis: 1)
        return try (givers + givers + leadingCount, takers + takers + (leadingCount + 1))
    }

    /// Where tokens of a batch, `[batch, …]`, lie among all rows.
    private static func rows(_ tokens: Tensor, of count: Int) throws -> Tensor {
        let batch = tokens.shape[0]
        return try (tokens + .range(0..<batch * count, step: count, device: tokens.device).unsqueezed(-1))
            .flattened()
    }
}
