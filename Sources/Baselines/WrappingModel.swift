import AdaptiveComputation
import Torch
import Transformers

/// A model around a dense one, which it leaves early, or runs on fewer and fewer tokens.
protocol WrappingModel: SelfCosting {
    var base: any TransformerModel { get set }
    /// What it has beside the dense model's layers, by the names that checkpoints have for it, too.
    var added: [(name: String, layer: any Layer)] { get }
}

extension WrappingModel {
    public var parameters: [(name: String, tensor: Tensor)] { base.parameters }
    public var children: [(name: String, layer: any Layer)] { base.children + added }

    public var configuration: JSONValue {
        get { base.configuration }
        set { base.configuration = newValue }
    }

    public var nameTable: NameTable {
        NameTable(base.nameTable.entries + added.map { ($0.name, $0.name) }, dropped: base.nameTable.dropped)
    }

    public var dimensions: ModelDimensions { base.dimensions }
    public var inputNames: [String] { base.inputNames }
    public func slot(at place: SlotPlace) -> (any Slot)? { base.slot(at: place) }

    public mutating func replaceSlot(at place: SlotPlace, with slot: any Slot) throws {
        try base.replaceSlot(at: place, with: slot)
    }
}
