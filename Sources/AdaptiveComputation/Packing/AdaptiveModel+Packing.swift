import Torch
import Transformers

extension AdaptiveModel {
    /// The model for inference on a CPU: the weights of projections, feed-forwards and learners are copied once
    /// into the order in which products read them, and given up. Such a model can neither be trained nor saved.
    ///
    /// - Parameter precision: of the products.
    /// - Throws: `ModelError.invalidSlot(_:)` for a model on another device.
    public func packed(_ precision: PackedPrecision) throws -> AdaptiveModel {
        var model = self
        try model.pack(precision)
        return model
    }

    /// ``packed(_:)`` in place: where nobody else holds the weights, no more than those of one slot are there
    /// twice.
    public mutating func pack(_ precision: PackedPrecision) throws {
        guard network.namedParameters().allSatisfy({ $0.tensor.device == .cpu }) else {
            throw ModelError.invalidSlot("Weights are packed on a CPU alone.")
        }
        for place in network.slotPlaces {
            let slot: (any Slot)? =
                switch network.slot(at: place) {
                case let linear as Linear: try PackedLinear(linear, precision)
                case let dense as FeedForward: try PackedFeedForward(dense, precision)
                case let module as AdaptiveModule: try module.packed(precision)
                default: nil
                }
            if let slot { try replaceSlot(at: place, with: slot) }
        }
    }

    /// Whether weights have been given up for packed ones.
    public var isPacked: Bool {
        network.slotPlaces.contains { place in
            switch network.slot(at: place) {
            case is PackedLinear, is PackedFeedForward: true
            case let module as AdaptiveModule: module.learners.packed != nil
            default: false
            }
        }
    }
}

extension AdaptiveModule {
    func packed(_ precision: PackedPrecision) throws -> AdaptiveModule {
        var module = self
        module.learners = try learners.packed(precision)
        return module
    }
}
