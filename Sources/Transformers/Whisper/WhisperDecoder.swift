import Torch

/// Token and position embeddings, pre-norm blocks that also attend to the encoder, a last LayerNorm.
///
/// - Input: indices `[batch, tokens]` int64 and the encoder's states; output: `[batch, tokens, width]`.
public struct WhisperDecoder: Layer {
    public let words: Embedding
    public let positions: Embedding
    public var blocks: [WhisperDecoderBlock]
    public let norm: LayerNorm

    init(_ sizes: WhisperConfiguration) throws {
        words = try Embedding(count: sizes.vocabularySize, width: sizes.width)
        positions = try Embedding(count: sizes.decoderTokenLimit, width: sizes.width)
        blocks = try (0..<sizes.decoder.count).map { _ in try WhisperDecoderBlock(sizes) }
        norm = try .whisper(sizes)
    }

    public var children: [(name: String, layer: any Layer)] {
        [("words", words), ("positions", positions)] + blocks.enumerated().map { ("blocks.\($0)", $1) }
            + [("norm", norm)]
    }

    func callAsFunction(
        _ ids: Tensor, encoderStates: Tensor, mask: Tensor?, memory: DecoderMemory?, _ pass: ForwardPass
    ) throws -> Tensor {
        let count = try ids.size(1)
        let known = memory?.tokenCount ?? 0
        pass.tokenMasks[.decoder] = mask
        let attention = try Self.attentionMask(tokens: count, known: known, mask, device: ids.device)
        var states = try words(ids) + positions.weight.slice(known..<known + count, axis: 0)
        pass.keep(states, of: .decoder)
        let norms = blocks.dropFirst().map(\.attentionNorm) + [norm]
        for (index, block) in blocks.enumerated() {
            pass.followingNorm = norms[index]
            states = try pass.runBlock([states, encoderStates]) { inputs, pass in
                try block(
                    inputs[0], encoderStates: inputs[1], index: index, mask: attention.mask,
                    isCausal: attention.isCausal, memory: memory, pass)
            }
            if index < blocks.count - 1 { pass.keep(states, of: .decoder) }
        }
        states = try pass.normalised(states, by: norm)
        pass.keep(states, of: .decoder)
        return states
    }

    /// What each of `tokens` new tokens attends to, after `known` others: those before and itself.
    private static func attentionMask(
        tokens: Int, known: Int, _ tokenMask: Tensor?, device: Device
    ) throws -> (mask: Tensor?, isCausal: Bool) {
        guard let tokenMask else {
            if tokens == 1 || known == 0 { return (nil, tokens > 1) }
            return (try causal(tokens: tokens, known: known, device: device), false)
        }
        guard known == 0 else {
            throw ModelError.invalidInput("A decoder with a memory takes no decoder_attention_mask.")
        }
        // Padding attends to itself, so that it stays finite.
        let itself = try Tensor.range(0..<tokens, device: device).oneHot(tokens).to(nil, .bool)
        let visible = try tokenMask.unsqueezed(1).unsqueezed(1).or(itself)  // [batch, 1, tokens, tokens]
        return (try visible.and(causal(tokens: tokens, known: 0, device: device)), false)
    }

    /// `[tokens, known + tokens]` bool: true up to the token itself.
    private static func causal(tokens: Int, known: Int, device: Device) throws -> Tensor {
        let places = try Tensor.range(0..<known + tokens, .float32, device: device)
        let own = try Tensor.range(known..<known + tokens, .float32, device: device).unsqueezed(1)
        return try (own - places).isAtLeast(0)
    }
}

/// Attention, attention to the encoder, and feed-forward of the normalised input, each added to its
/// input.
public struct WhisperDecoderBlock: TransformerBlock {
    public let attentionNorm: LayerNorm
    public var attention: SelfAttention
    public let crossAttentionNorm: LayerNorm
    public var crossAttention: CrossAttention
    public let feedForwardNorm: LayerNorm
    public var feedForward: any Slot

    init(_ sizes: WhisperConfiguration) throws {
        let headCount = sizes.decoder.headCount
        attentionNorm = try .whisper(sizes)
        attention = try SelfAttention(width: sizes.width, headCount: headCount, hasKeyBias: false)
        crossAttentionNorm = try .whisper(sizes)
        crossAttention = try CrossAttention(width: sizes.width, headCount: headCount, hasKeyBias: false)
        feedForwardNorm = try .whisper(sizes)
        feedForward = try FeedForward(
            width: sizes.width, hiddenWidth: sizes.decoder.hiddenWidth, activation: sizes.activation)
    }

    public var children: [(name: String, layer: any Layer)] {
        [
            ("attentionNorm", attentionNorm), ("attention", attention),
            ("crossAttentionNorm", crossAttentionNorm), ("crossAttention", crossAttention),
            ("feedForwardNorm", feedForwardNorm), ("feedForward", feedForward),
        ]
    }

    subscript(kind: SlotKind) -> (any Slot)? {
        get { kind == .feedForward ? feedForward : attention[kind] ?? crossAttention[kind] }
        set {
            if kind == .feedForward, let newValue { feedForward = newValue }
            attention[kind] = newValue
            crossAttention[kind] = newValue
        }
    }

    func callAsFunction(
        _ input: Tensor, encoderStates: Tensor, index: Int, mask: Tensor?, isCausal: Bool,
        memory: DecoderMemory?, _ pass: ForwardPass
    ) throws -> Tensor {
        let attentionInput = try pass.normalised(input, by: attentionNorm)
        let (states, normed) = try pass.add(to: input, normalisedBy: crossAttentionNorm) {
            try attention(
                attentionInput, stack: .decoder, block: index, mask: mask, isCausal: isCausal, memory: memory,
                addedTo: $0, pass)
        }
        let place = SlotPlace(stack: .decoder, block: index, kind: .feedForward)
        return try pass.run(feedForward, at: place, normalisedBy: feedForwardNorm, after: states) {
            try crossAttention(
                normed, encoderStates: encoderStates, block: index, memory: memory, addedTo: $0, pass)
        }
    }
}
