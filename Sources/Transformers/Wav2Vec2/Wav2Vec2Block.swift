import Torch

/// Attention and feed-forward, each added to its input; norms before or after them.
///
/// - Source: `Wav2Vec2EncoderLayer` and `Wav2Vec2EncoderLayerStableLayerNorm` of transformers.
public struct Wav2Vec2Block: TransformerBlock {
    public var attention: SelfAttention
    public let attentionNorm: LayerNorm
    public var feedForward: any Slot
    public let feedForwardNorm: LayerNorm
    public let positionGate: RelativePositionGate?
    /// Whether the inputs are normalised rather than the outputs.
    public let normsInputs: Bool

    init(_ sizes: Wav2Vec2Configuration) throws {
        attention = try SelfAttention(width: sizes.width, headCount: sizes.headCount)
        attentionNorm = try LayerNorm(width: sizes.width, epsilon: sizes.layerNormEpsilon)
        feedForward = try FeedForward(
            width: sizes.width, hiddenWidth: sizes.hiddenWidth, activation: sizes.activation)
        feedForwardNorm = try LayerNorm(width: sizes.width, epsilon: sizes.layerNormEpsilon)
        positionGate =
            sizes.relativePositions == nil
            ? nil : try RelativePositionGate(width: sizes.width, headCount: sizes.headCount)
        normsInputs = sizes.hasStableNorms
    }

    public var children: [(name: String, layer: any Layer)] {
        [
            ("attention", attention), ("attentionNorm", attentionNorm), ("feedForward", feedForward),
            ("feedForwardNorm", feedForwardNorm),
        ] + (positionGate.map { [("positionGate", $0)] } ?? [])
    }

    /// - Parameters:
    ///   - mask: `[batch, 1, 1, frames]` bool; false is not attended to.
    ///   - bias: of the relative positions, `[1, heads, frames, frames]`.
    func callAsFunction(
        _ input: Tensor, index: Int, mask: Tensor?, bias: Tensor?, _ pass: ForwardPass
    ) throws -> Tensor {
        let place = SlotPlace(block: index, kind: .feedForward)
        let attentionInput = try normsInputs ? pass.normalised(input, by: attentionNorm) : input
        func attend(addedTo residual: Tensor?) throws -> Tensor {
            try attention(
                attentionInput, block: index, mask: scores(attentionInput, mask: mask, bias: bias),
                addedTo: residual, pass)
        }
        if normsInputs {
            return try pass.run(
                feedForward, at: place, normalisedBy: feedForwardNorm, after: input, attend)
        }
        let states = try pass.add(to: input, normalisedBy: attentionNorm, attend).normed
        return try pass.add(to: states, normalisedBy: feedForwardNorm) {
            try pass.run(feedForward, at: place, states, addedTo: $0)
        }.normed
    }

    /// The mask, and where there are relative positions what is added to the scores instead.
    private func scores(_ states: Tensor, mask: Tensor?, bias: Tensor?) throws -> Tensor? {
        guard let positionGate, let bias else { return mask }
        let gated = try positionGate(states) * bias  // [batch, heads, frames, frames]
        return try mask.map { try gated.masked($0.logicalNot(), value: -.infinity) } ?? gated
    }
}
