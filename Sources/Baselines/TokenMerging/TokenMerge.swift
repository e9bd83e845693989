import Torch
import Transformers

private enum Operators {
    static let scatter = Operator("aten::scatter", "src")
    static let scatterAdd = Operator("aten::scatter_add")
}

/// Bipartite soft matching: of every second patch those most like one of the other half are merged with it.
///
/// - Source: Bolya et al. 2023 (arXiv 2210.09461), section 3.2.
enum TokenMerge {
    /// Merges some tokens of each sample; a merged one is the mean of those that it stands for.
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
        let slots = try slots(states, count: count, leadingCount: leadingCount)  // [batch, tokens]
        let newSizes = try Operators.scatterAdd(
            .tensor(.zeros([batch, total - count], device: device)), .int(1), .tensor(slots), .tensor(sizes))
        let shares = try sizes / newSizes.gathered(slots, axis: 1)
        // A product with what each token gives to each slot is faster than moving rows.
        let giving = try Operators.scatter(
            .tensor(.zeros([batch, total - count, total], states.dataType, device: device)), .int(1),
            .tensor(slots.unsqueezed(1)), .tensor(shares.to(nil, states.dataType).unsqueezed(1)))
        flow.states = try giving.matmul(states)
        flow.sizes = newSizes
    }

    /// Where each token goes: those that stay keep their order, the others go where their likest goes.
    private static func slots(_ states: Tensor, count: Int, leadingCount: Int) throws -> Tensor {
        let (batch, total, device) = (states.shape[0], states.shape[1], states.device)
        let unit = try states / states.norm(axes: [2], keepDimension: true)
        func everySecond(from start: Int) throws -> Tensor {
            try unit.entries(.range(start..<total, step: 2, device: device), axis: 1)
        }
        let likeness = try everySecond(from: leadingCount)
            .matmul(everySecond(from: leadingCount + 1).transposed(1, 2))  // [batch, givers, takers]
        let givers = try likeness.maximum(axes: [2]).sorted(axis: 1, descending: true).indices
            .slice(0..<count, axis: 1)
        let takers = try likeness.argMax(axis: 2).gathered(givers, axis: 1)
        let from = try givers + givers + leadingCount  // [batch, count]
        let to = try takers + takers + (leadingCount + 1)
        let stays = try Operators.scatter(
            .tensor(.ones([batch, total], .int64, device: device)), .int(1), .tensor(from),
            .tensor(.zeros([batch, count], .int64, device: device)))
        let slots = try stays.cumulativeSum(axis: 1) - 1
        return try Operators.scatter(
            .tensor(slots), .int(1), .tensor(from), .tensor(slots.gathered(to, axis: 1)))
    }
}
