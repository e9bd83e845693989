import Torch
import Transformers

private enum Operators {
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
        let sizes = try flow.sizes ?? .ones(Array(states.shape.dropLast()), device: states.device)
        let total = try states.size(1)
        let givers = try Tensor.range(leadingCount..<total, step: 2, device: states.device)
        let takers = try Tensor.range(leadingCount + 1..<total, step: 2, device: states.device)
        let unit =
            try states.to(nil, .float32) / states.to(nil, .float32).norm(axes: [2], keepDimension: true)
        let likeness = try unit.entries(givers, axis: 1)
            .matmul(unit.entries(takers, axis: 1).transposed(1, 2))  // [batch, givers, takers]
        let (best, target) = try likeness.largest(1)
        let order = try best.squeezed(-1).sorted(axis: 1, descending: true).indices  // [batch, givers]
        let giverCount = try givers.size(0)
        let merged = try order.slice(0..<count, axis: 1)
        let kept = try order.slice(count..<giverCount, axis: 1).sorted(axis: 1).values
        let targets = try target.squeezed(-1).gathered(merged, axis: 1)  // [batch, count], among the takers

        let weighted = try states.to(nil, .float32) * sizes.unsqueezed(-1)
        func parted(_ values: Tensor) throws -> Tensor {
            let own = try values.entries(givers, axis: 1)
            let other = try values.entries(takers, axis: 1)
            return try .concatenated(
                [
                    values.slice(0..<leadingCount, axis: 1), taken(own, kept),
                    Operators.scatterAdd(
                        .tensor(other), .int(1), .tensor(expanded(targets, like: other)),
                        .tensor(taken(own, merged))),
                ], axis: 1)
        }
        let newSizes = try parted(sizes.unsqueezed(-1))  // [batch, tokens - count, 1]
        flow.states = try (parted(weighted) / newSizes).to(nil, states.dataType)
        flow.sizes = try newSizes.squeezed(-1)
    }

    private static func taken(_ values: Tensor, _ rows: Tensor) throws -> Tensor {
        try values.gathered(expanded(rows, like: values), axis: 1)
    }

    private static func expanded(_ rows: Tensor, like values: Tensor) throws -> Tensor {
        try rows.unsqueezed(-1).expanded([-1, -1, values.size(2)])
    }
}
