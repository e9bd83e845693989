import Torch

/// One forward pass of a model: what its slots are told, and what they report.
///
/// Dense slots report nothing. A subclass carries what other kinds of slot need.
open class ForwardPass {
    /// Called after every slot with this pass, which it must not hold on to, and the slot's input and output,
    /// `[batch, tokens, width]`.
    public var observe: ((ForwardPass, SlotPlace, _ input: Tensor, _ output: Tensor) throws -> Void)?
    /// Called after every block of BERT, ViT, DeiT and DINOv2 with its number; it may leave samples or tokens
    /// out of what goes on, and says whether anything does.
    public var betweenBlocks: ((Int, inout BlockFlow) throws -> Bool)?
    /// Whether the output of the embeddings and of every block is kept.
    public let keepsHiddenStates: Bool
    private var statesOfStacks: [BlockStack: [Tensor]] = [:]
    /// Whether a model of images of one size takes other sizes, with interpolated positions. DINOv2
    /// takes all sizes anyway.
    public var interpolatesPositions = false
    /// Whether backward computes each block again instead of keeping what is between its input and output.
    public var recomputesBlocks = false
    /// Tokens before the patches of an image: class, distillation and register tokens; 0 for other
    /// models. Set by the model.
    public internal(set) var leadingTokenCount = 0
    /// Tokens of each sample, padding among them, before the first block of BERT, ViT, DeiT and DINOv2; nil for
    /// other models. Set by the model.
    public internal(set) var paddedTokenCount: Int?
    /// For each stack `[batch, tokens]` bool, true for real tokens; none for stacks in which all
    /// samples have the same tokens, such as images. Set by the model.
    public internal(set) var tokenMasks: [BlockStack: Tensor] = [:]

    /// The norm that takes what the running block gives, where it is known: the two may be computed at once.
    var followingNorm: LayerNorm?
    private var normedAhead: (states: Tensor, norm: LayerNorm, normed: Tensor)?
    /// Whether additions and norms are joined on a CPU too.
    var joinsNormsAnywhere = false

    public init(keepsHiddenStates: Bool = false) {
        self.keepsHiddenStates = keepsHiddenStates
    }

    /// The mask of the encoder's tokens: of all tokens in a model of one stack.
    public internal(set) var tokenMask: Tensor? {
        get { tokenMasks[.encoder] }
        set { tokenMasks[.encoder] = newValue }
    }

    /// The real tokens of each sample in the encoder, after a pass; nil for Whisper.
    public func tokenCounts(sampleCount: Int) throws -> [Int]? {
        if let tokenMask { return try tokenMask.to(.cpu, .int64).sum(axis: 1).array(of: Int.self) }
        return paddedTokenCount.map { Array(repeating: $0, count: sampleCount) }
    }

    /// The mask of the tokens that the slot at a place takes; nil where all are real.
    public func tokenMask(at place: SlotPlace) -> Tensor? { tokenMasks[place.tokenStack] }

    /// What was kept of the encoder: of the whole of a model of one stack.
    public var hiddenStates: [Tensor] { hiddenStates(of: .encoder) }

    /// The output of a stack's embeddings and of each of its blocks, where they are kept.
    public func hiddenStates(of stack: BlockStack) -> [Tensor] { statesOfStacks[stack] ?? [] }

    func run(_ slot: any Slot, at place: SlotPlace, _ input: Tensor) throws -> Tensor {
        let output = try slot(input, at: place, self)
        try observe?(self, place, input, output)
        return output
    }

    /// `residual + slot(input)`, as one unless the slot's own output is observed; without a residual the output.
    func run(
        _ slot: any Slot, at place: SlotPlace, _ input: Tensor, addedTo residual: Tensor?
    ) throws -> Tensor {
        guard let residual else { return try run(slot, at: place, input) }
        if observe == nil { return try slot(input, addedTo: residual, at: place, self) }
        return try residual + run(slot, at: place, input)
    }

    /// The norm of a block's input, which the block before may have computed already.
    func normalised(_ states: Tensor, by norm: LayerNorm) throws -> Tensor {
        defer { normedAhead = nil }
        if let ahead = normedAhead, ahead.states === states, ahead.norm.weight === norm.weight {
            return ahead.normed
        }
        return try norm(states)
    }

    /// `sum` of the residual and what `addition` computes, and its norm, by one kernel on a GPU without gradients.
    ///
    /// - Parameter addition: given a residual adds to it, given nil returns what would be added.
    func add(
        to residual: Tensor, normalisedBy norm: LayerNorm, _ addition: (_ residual: Tensor?) throws -> Tensor
    ) throws -> (sum: Tensor, normed: Tensor) {
        if try joinsNorms(of: residual) { return try norm(addition(nil), addedTo: residual) }
        let sum = try addition(residual)
        return (sum, try norm(sum))
    }

    /// `sum + slot(norm(sum))`, where `sum` is the residual and what `attend` computes: the output of a pre-norm
    /// block.
    ///
    /// On a GPU without gradients each addition is one kernel with the norm behind it, unless slots are observed.
    ///
    /// - Parameters:
    ///   - scales: of what `attend` returns and of the slot's output, where there are any.
    ///   - attend: given a residual adds to it, given nil returns what would be added.
    func run(
        _ slot: any Slot, at place: SlotPlace, normalisedBy norm: LayerNorm,
        scaledBy scales: (attended: LayerScale, output: LayerScale)? = nil, after residual: Tensor,
        _ attend: (_ residual: Tensor?) throws -> Tensor
    ) throws -> Tensor {
        guard observe == nil, try joinsNorms(of: residual) else {
            guard let scales else {
                let sum = try attend(residual)
                return try run(slot, at: place, norm(sum), addedTo: sum)
            }
            let sum = try residual + scales.attended(attend(nil))
            return try sum + scales.output(run(slot, at: place, norm(sum)))
        }
        let (sum, output) = try slot(
            attend(nil), scaledBy: scales?.attended, addedTo: residual, normalisedBy: norm, at: place, self)
        guard let followingNorm else { return try sum + (scales?.output(output) ?? output) }
        let (states, normed) = try followingNorm(output, scaledBy: scales?.output, addedTo: sum)
        normedAhead = (states, followingNorm, normed)
        return states
    }

    private func joinsNorms(of residual: Tensor) throws -> Bool {
        try (joinsNormsAnywhere || residual.device.type == .cuda) && !recordsGradients()
    }

    /// A pass with the same settings that nothing has run in, for one block that may run again in backward.
    open func forBlock() -> ForwardPass { ForwardPass() }

    /// What slots have reported that gradients flow through, in order.
    open var reported: [Tensor] { [] }

    /// Takes over what slots reported to the pass of one block.
    ///
    /// - Parameters:
    ///   - pass: of the block.
    ///   - tensors: what stands for its ``reported``.
    open func adopt(_ pass: ForwardPass, reported tensors: [Tensor]) {}

    func keep(_ hiddenState: Tensor, of stack: BlockStack = .encoder) {
        if keepsHiddenStates { statesOfStacks[stack, default: []].append(hiddenState) }
    }
}
