import Torch

/// One forward pass of a model: what its slots are told, and what they report.
///
/// Dense slots report nothing. A subclass carries what other kinds of slot need.
open class ForwardPass {
    /// Called after every slot with its input and output, `[batch, tokens, width]`.
    public var observe: ((SlotPlace, _ input: Tensor, _ output: Tensor) throws -> Void)?
    /// Whether the output of the embeddings and of every block is kept.
    public let keepsHiddenStates: Bool
    public private(set) var hiddenStates: [Tensor] = []
    /// Whether a model of images of one size takes other sizes, with interpolated positions. DINOv2
    /// takes all sizes anyway.
    public var interpolatesPositions = false
    /// Tokens before the patches of an image: class, distillation and register tokens; 0 for other
    /// models. Set by the model.
    public internal(set) var leadingTokenCount = 0
    /// `[batch, tokens]` bool, true for real tokens; nil for models whose samples all have the same
    /// tokens, such as images. Set by the model.
    public internal(set) var tokenMask: Tensor?

    public init(keepsHiddenStates: Bool = false) {
        self.keepsHiddenStates = keepsHiddenStates
    }

    func run(_ slot: any Slot, at place: SlotPlace, _ input: Tensor) throws -> Tensor {
        let output = try slot(input, at: place, self)
        try observe?(place, input, output)
        return output
    }

    func keep(_ hiddenState: Tensor) {
        if keepsHiddenStates { hiddenStates.append(hiddenState) }
    }
}
