import Torch

extension Wav2Vec2Model: OwnReset {
    /// As `Wav2Vec2PreTrainedModel` and `WavLMPreTrainedModel` of transformers: convolutions over samples after
    /// He et al., `N(0, 2 / (channels · kernel))`, with biases in ±1 / √(channels · kernel); the projection of
    /// the features in ±1 / √channels; the directions of the positions from
    /// `N(0, 4 / (kernel · width))`, with their own lengths; the mask vector in 0…1; of relative positions the
    /// table from `N(0, 1)`, the gates' constants 1.
    public func resetOwn(_ name: String, _ tensor: Tensor) throws -> Bool {
        let parts = name.split(separator: ".").map(String.init)
        func fillEvenly(_ inputs: Int) throws {
            let bound = 1 / Double(max(inputs, 1)).squareRoot()
            try tensor.fillUniformInPlace(-bound..<bound)
        }
        switch (parts[0], parts.last) {
        case ("features", let last) where parts.contains("convolution"):
            let layer = Int(parts[1]).map { sizes.featureLayers[$0] }
            guard let layer else { return false }
            let inputs = layer.inputChannels * layer.kernel
            if last == "bias" {
                try fillEvenly(inputs)
            } else {
                try tensor.fillNormalInPlace(deviation: (2 / Double(inputs)).squareRoot())
            }
        case ("projection", _): try fillEvenly(projection.inputWidth)
        case ("positions", "direction"):
            let inputs = Double(sizes.positionKernel * sizes.width)
            try tensor.fillNormalInPlace(deviation: 2 / inputs.squareRoot())
            try positions.convolution.magnitude.copyInPlace(
                from: tensor.square().sum(axes: [0, 1], keepDimension: true).squareRoot())
        case ("positions", "magnitude"): break  // comes with the direction
        case ("maskVector", _): try tensor.fillUniformInPlace(0..<1)
        case ("relativePositions", _): try tensor.fillNormalInPlace()
        case ("blocks", "constant"): try tensor.fillInPlace(1)
        default: return false
        }
        return true
    }
}
