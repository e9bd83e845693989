import Torch

/// Convolutions over the samples, which make a frame of every few milliseconds.
///
/// - Input: `[batch, samples]`; output: `[batch, frames, channels]`.
/// - Source: Baevski et al. 2020, section 2; `Wav2Vec2FeatureEncoder` of transformers.
public struct Wav2Vec2Features: Layer {
    public let layers: [Wav2Vec2FeatureLayer]

    init(_ sizes: Wav2Vec2Configuration) throws {
        layers = try sizes.featureLayers.indices.map { try Wav2Vec2FeatureLayer(sizes, index: $0) }
    }

    public var children: [(name: String, layer: any Layer)] {
        layers.enumerated().map { ("\($0)", $1) }
    }

    func callAsFunction(_ samples: Tensor) throws -> Tensor {
        var states = try samples.unsqueezed(-1)  // [batch, samples, 1]
        for layer in layers { states = try layer(states) }
        return states
    }
}

/// `activation(norm(convolution(x)))`; the norm over channels, over time, or left out.
///
/// - Input: `[batch, length, inputChannels]`; output: `[batch, frames, channels]`.
public struct Wav2Vec2FeatureLayer: Layer {
    public let convolution: Convolution1D
    public let layerNorm: LayerNorm?
    public let groupNorm: GroupNorm?
    public let activation: Activation

    init(_ sizes: Wav2Vec2Configuration, index: Int) throws {
        let layer = sizes.featureLayers[index]
        convolution = try Convolution1D(
            channels: layer.inputChannels, outputChannels: layer.channels, kernel: layer.kernel,
            stride: layer.stride, hasBias: sizes.hasConvolutionBias)
        // These two take libtorch's epsilon whatever layer_norm_eps says.
        layerNorm =
            sizes.featureNorm == .layer ? try LayerNorm(width: layer.channels, epsilon: 1e-5) : nil
        groupNorm =
            sizes.featureNorm == .group && index == 0
            ? try GroupNorm(channels: layer.channels, groupCount: layer.channels) : nil
        activation = sizes.featureActivation
    }

    public var children: [(name: String, layer: any Layer)] {
        [("convolution", convolution)] + (layerNorm.map { [("norm", $0)] } ?? [])
            + (groupNorm.map { [("norm", $0)] } ?? [])
    }

    func callAsFunction(_ input: Tensor) throws -> Tensor {
        var states = try convolution.overFrames(input)
        if let layerNorm { states = try layerNorm(states) }
        if let groupNorm { states = try groupNorm.overFrames(states) }
        return try activation.overwriting(states)
    }
}
