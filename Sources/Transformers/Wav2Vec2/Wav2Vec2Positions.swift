import Torch

/// Positions from the neighbourhood of each frame: a grouped convolution as wide as the input.
///
/// - Input: `[batch, frames, width]`; output: the same shape.
/// - Source: Baevski et al. 2020, section 2; `Wav2Vec2PositionalConvEmbedding` of transformers.
public struct Wav2Vec2Positions: Layer {
    public let convolution: WeightNormConvolution1D
    public let activation: Activation

    init(_ sizes: Wav2Vec2Configuration) throws {
        convolution = try WeightNormConvolution1D(
            channels: sizes.width, kernel: sizes.positionKernel, padding: sizes.positionKernel / 2,
            groups: sizes.positionGroups)
        activation = sizes.featureActivation
    }

    public var children: [(name: String, layer: any Layer)] { [("convolution", convolution)] }

    func callAsFunction(_ states: Tensor) throws -> Tensor {
        let frames = try states.size(1)
        let positions = try convolution(states.transposed(1, 2))  // [batch, width, frames or one more]
            .slice(0..<frames, axis: 2)  // an even kernel gives one frame too many
        return try activation(positions).transposed(1, 2)  // [batch, frames, width]
    }
}
