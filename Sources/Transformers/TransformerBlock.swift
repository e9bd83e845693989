import Torch

/// A block of a model, with slots.
protocol TransformerBlock: Layer {
    var attention: SelfAttention { get set }
    var feedForward: any Slot { get set }
    /// The slot of a kind; nil where the block has none, and then setting does nothing.
    subscript(kind: SlotKind) -> (any Slot)? { get set }
}

extension TransformerBlock {
    /// The slots of a block that has attention and feed-forward alone.
    subscript(kind: SlotKind) -> (any Slot)? {
        get { kind == .feedForward ? feedForward : attention[kind] }
        set {
            if kind == .feedForward, let newValue {
                feedForward = newValue
            } else {
                attention[kind] = newValue
            }
        }
    }
}

extension Array where Element: TransformerBlock {
    /// The slot of these blocks, whatever the stack that the place names.
    func slot(at place: SlotPlace) -> (any Slot)? {
        indices.contains(place.block) ? self[place.block][place.kind] : nil
    }

    /// - Throws: ``ModelError/invalidSlot(_:)`` where there is no such place, or for other widths.
    mutating func replaceSlot(at place: SlotPlace, with slot: any Slot) throws {
        guard let old = self.slot(at: place) else {
            throw ModelError.invalidSlot(
                "The model has no slot \(place); it has \(count) such blocks, from 0.")
        }
        guard slot.inputWidth == old.inputWidth, slot.outputWidth == old.outputWidth else {
            throw ModelError.invalidSlot(
                """
                The slot \(place) maps \(old.inputWidth) to \(old.outputWidth) channels; \
                the one to put there maps \(slot.inputWidth) to \(slot.outputWidth).
                """)
        }
        self[place.block][place.kind] = slot
    }
}
