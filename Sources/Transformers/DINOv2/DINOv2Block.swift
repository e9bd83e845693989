import Torch

/// Attention and feed-forward of the normalised input, each scaled per channel and added to its
/// input.
public struct DINOv2Block: TransformerBlock {
    public let attentionNorm: LayerNorm
    public var attention: SelfAttention
    public let attentionScale: LayerScale
    public let feedForwardNorm: LayerNorm
    public var feedForward: any Slot
    public let feedForwardScale: LayerScale

    init(_ sizes: DINOv2Configuration) throws {
        attentionNorm = try LayerNorm(width: sizes.width, epsilon: sizes.layerNormEpsilon)
        attention = try SelfAttention(
            width: sizes.width, headCount: sizes.headCount, hasBias: sizes.hasProjectionBias)
        attentionScale = try LayerScale(width: sizes.width)
        feedForwardNorm = try LayerNorm(width: sizes.width, epsilon: sizes.layerNormEpsilon)
        feedForward =
            switch sizes.feedForward {
            case .plain(let activation):
                try FeedForward(
                    width: sizes.width, hiddenWidth: sizes.hiddenWidth, activation: activation)
            case .swiGLU: try SwiGLUFeedForward(width: sizes.width, hiddenWidth: sizes.hiddenWidth)
            }
        feedForwardScale = try LayerScale(width: sizes.width)
    }

    public var children: [(name: String, layer: any Layer)] {
        [
            ("attentionNorm", attentionNorm), ("attention", attention),
            ("attentionScale", attentionScale), ("feedForwardNorm", feedForwardNorm),
            ("feedForward", feedForward), ("feedForwardScale", feedForwardScale),
        ]
    }

    func callAsFunction(
        _ input: Tensor, index: Int, mask: Tensor?, _ pass: ForwardPass
    ) throws -> Tensor {
        let place = SlotPlace(block: index, kind: .feedForward)
        let normed = try pass.normalised(input, by: attentionNorm)
        return try pass.run(
            feedForward, at: place, normalisedBy: feedForwardNorm,
            scaledBy: (attended: attentionScale, output: feedForwardScale), after: input
        ) {
            try attention(normed, block: index, mask: mask, addedTo: $0, pass)
        }
    }
}
