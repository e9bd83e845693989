import Torch
import Transformers

extension AdaptiveModel {
    /// Lets the weights of each block's dense query, key and value projections lie one after another, so that
    /// without gradients the three are one product. The model can be trained and saved as before.
    public func joinProjections() throws {
        for place in network.slotPlaces where place.kind == .query {
            let layers = [SlotKind.query, .key, .value].compactMap {
                network.slot(at: SlotPlace(stack: place.stack, block: place.block, kind: $0)) as? Linear
            }
            let biases = layers.compactMap(\.bias)
            guard layers.count == 3, Set(layers.map(\.inputWidth)).count == 1, [0, 3].contains(biases.count)
            else { continue }
            try join(layers.map(\.weight))
            if !biases.isEmpty { try join(biases) }
        }
    }

    private func join(_ parts: [Tensor]) throws {
        let whole = try withoutGradients { try Tensor.concatenated(parts) }
        var first = 0
        for part in parts {
            let count = try part.size(0)
            try part.adopt(whole.slice(first..<first + count, axis: 0))
            first += count
        }
    }
}
