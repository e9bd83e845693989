import Torch

/// A block of a model: its attention's projections and its feed-forward are slots.
protocol TransformerBlock: Layer {
    var attention: SelfAttention { get set }
    var feedForward: any Slot { get set }
}

extension Array where Element: TransformerBlock {
    func slot(at place: SlotPlace) -> (any Slot)? {
        guard indices.contains(place.block) else { return nil }
        let block = self[place.block]
        return place.kind == .feedForward ? block.feedForward : block.attention[place.kind]
    }

    /// - Throws: ``ModelError/invalidSlot(_:)`` where there is no such place, or for other widths.
    mutating func replaceSlot(at place: SlotPlace, with slot: any Slot) throws {
        guard let old = self.slot(at: place) else {
            throw ModelError.invalidSlot(
                "The model has no slot \(place); it has \(count) blocks, from 0.")
        }
        guard slot.inputWidth == old.inputWidth, slot.outputWidth == old.outputWidth else {
            throw ModelError.invalidSlot(
                """
                The slot \(place) maps \(old.inputWidth) to \(old.outputWidth) channels; \
                the one to put there maps \(slot.inputWidth) to \(slot.outputWidth).
                """)
        }
        if place.kind == .feedForward {
            self[place.block].feedForward = slot
        } else {
            self[place.block].attention[place.kind] = slot
        }
    }
}
