import Torch

/// Two convolutions, positions, pre-norm blocks and a last LayerNorm.
///
/// - Input: `[batch, mels, frames]`; output: `[batch, frames / 2, width]`.
public struct WhisperEncoder: Layer {
    public let embeddings: WhisperFrameEmbeddings
    public var blocks: [WhisperEncoderBlock]
    public let norm: LayerNorm

    init(_ sizes: WhisperConfiguration) throws {
        embeddings = try WhisperFrameEmbeddings(sizes)
        blocks = try (0..<sizes.encoder.count).map { _ in try WhisperEncoderBlock(sizes) }
        norm = try .whisper(sizes)
    }

    public var children: [(name: String, layer: any Layer)] {
        [("embeddings", embeddings)] + blocks.enumerated().map { ("blocks.\($0)", $1) } + [("norm", norm)]
    }

    func callAsFunction(_ features: Tensor, _ pass: ForwardPass) throws -> Tensor {
        var states = try embeddings(features)
        pass.keep(states)
        let norms = blocks.dropFirst().map(\.attentionNorm) + [norm]
        for (index, block) in blocks.enumerated() {
            pass.followingNorm = states.dataType == .float16 ? nil : norms[index]  // that is clamped first
            states = try pass.runBlock([states]) { try block($0[0], index: index, $1) }
            // The last is kept after the norm, as transformers does.
            if index < blocks.count - 1 { pass.keep(states) }
        }
        states = try pass.normalised(states, by: norm)
        pass.keep(states)
        return states
    }
}

/// `gelu(conv(gelu(conv(frames)))) + positions`, of which the second convolution halves the frames.
///
/// - Input: `[batch, mels, frames]`; output: `[batch, frames / 2, width]`.
public struct WhisperFrameEmbeddings: Layer {
    public let first: Convolution1D
    public let second: Convolution1D
    public let positions: Embedding

    init(_ sizes: WhisperConfiguration) throws {
        first = try Convolution1D(
            channels: sizes.melCount, outputChannels: sizes.width, kernel: 3, padding: 1)
        second = try Convolution1D(
            channels: sizes.width, outputChannels: sizes.width, kernel: 3, stride: 2, padding: 1)
        positions = try Embedding(count: sizes.encoderTokenCount, width: sizes.width)
    }

    public var children: [(name: String, layer: any Layer)] {
        [("first", first), ("second", second), ("positions", positions)]
    }

    func callAsFunction(_ features: Tensor) throws -> Tensor {
        let frames = try second(first(features.to(nil, first.weight.dataType)).gelu()).gelu()
        return try frames.transposed(1, 2) + positions.weight  // [batch, frames / 2, width]
    }
}

/// Attention and feed-forward of the normalised input, each added to its input.
public struct WhisperEncoderBlock: TransformerBlock {
    public let attentionNorm: LayerNorm
    public var attention: SelfAttention
    public let feedForwardNorm: LayerNorm
    public var feedForward: any Slot

    init(_ sizes: WhisperConfiguration) throws {
        attentionNorm = try .whisper(sizes)
        attention = try SelfAttention(
            width: sizes.width, headCount: sizes.encoder.headCount, hasKeyBias: false)
        feedForwardNorm = try .whisper(sizes)
        feedForward = try FeedForward(
            width: sizes.width, hiddenWidth: sizes.encoder.hiddenWidth, activation: sizes.activation)
    }

    public var children: [(name: String, layer: any Layer)] {
        [
            ("attentionNorm", attentionNorm), ("attention", attention),
            ("feedForwardNorm", feedForwardNorm), ("feedForward", feedForward),
        ]
    }

    func callAsFunction(_ input: Tensor, index: Int, _ pass: ForwardPass) throws -> Tensor {
        let place = SlotPlace(block: index, kind: .feedForward)
        let normed = try pass.normalised(input, by: attentionNorm)
        let states = try pass.run(feedForward, at: place, normalisedBy: feedForwardNorm, after: input) {
            try attention(normed, block: index, mask: nil, addedTo: $0, pass)
        }
        // As transformers does: half precision would overflow.
        return states.dataType == .float16 ? try states.clamped(to: -64_504...64_504) : states
    }
}

extension LayerNorm {
    /// One of Whisper's; its configuration does not name the epsilon.
    static func whisper(_ sizes: WhisperConfiguration) throws -> LayerNorm {
        try LayerNorm(width: sizes.width, epsilon: 1e-5)
    }
}
