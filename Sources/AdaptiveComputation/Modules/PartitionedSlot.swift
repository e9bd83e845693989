import Transformers

/// A slot of equal parts, some of which run for a token: the learners of an adaptive module, the experts of
/// a mixture.
///
/// It tells an ``AdaptivePass`` how many ran; see ``AdaptivePass/record(_:)``.
public protocol PartitionedSlot: Slot {
    var partCount: Int { get }
    /// Multiply-accumulates of one part for one token.
    var partCost: Int { get }
    /// Multiply-accumulates of choosing, for one token.
    var choiceCost: Int { get }
    /// Activations of all parts for one token.
    var hiddenWidth: Int { get }
}

/// A model whose blocks do not all run for all samples and tokens; it tells an ``AdaptivePass`` what each
/// sample cost. Its budget is a share of what the dense model costs.
public protocol SelfCosting: TransformerModel {}

extension AdaptiveModule: PartitionedSlot {
    public var partCount: Int { learners.count }
    public var partCost: Int { learnerCost }
    public var choiceCost: Int { gate.cost }
    public var hiddenWidth: Int { learners.count * learners.learnerWidth }
}
