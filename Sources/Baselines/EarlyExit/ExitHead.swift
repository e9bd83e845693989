import Torch

/// A classifier of a block's output, which knows what the exit before it said.
///
/// `linear([norm(first token); norm(mean of tokens); logits of the exit before])`: in the middle of a model the
/// first token of some has gathered little, the mean of others.
///
/// - Source: Wołczyk et al. 2021 (arXiv 2106.05409), section 3.1: cascade connections.
public struct ExitHead: Layer {
    public let firstNorm: LayerNorm
    public let meanNorm: LayerNorm
    public let linear: Linear

    /// - Parameters:
    ///   - width: of the tokens.
    ///   - classCount: of the logits.
    ///   - isFirst: whether no exit comes before.
    init(width: Int, classCount: Int, isFirst: Bool) throws {
        firstNorm = try LayerNorm(width: width, epsilon: 1e-6)
        meanNorm = try LayerNorm(width: width, epsilon: 1e-6)
        linear = try Linear(inputWidth: 2 * width + (isFirst ? 0 : classCount), outputWidth: classCount)
    }

    public var children: [(name: String, layer: any Layer)] {
        [("firstNorm", firstNorm), ("meanNorm", meanNorm), ("linear", linear)]
    }

    /// Multiply-accumulates for one sample.
    var cost: Int { linear.inputWidth * linear.outputWidth }

    /// - Parameters:
    ///   - states: the block's output, `[batch, tokens, width]`.
    ///   - mask: which tokens count, `[batch, tokens]` bool; nil for all.
    ///   - before: the logits of the exit before, `[batch, classes]`, through which no gradients flow; nil for
    ///     the first.
    /// - Returns: `[batch, classes]`.
    func callAsFunction(_ states: Tensor, mask: Tensor?, before: Tensor?) throws -> Tensor {
        var features = [try firstNorm(states.select(0, axis: 1)), try meanNorm(mean(states, mask))]
        if let before { features.append(try before.detach().to(nil, features[0].dataType)) }
        return try linear(.concatenated(features, axis: -1))
    }

    private func mean(_ states: Tensor, _ mask: Tensor?) throws -> Tensor {
        guard let mask else { return try states.mean(axis: 1) }
        let weights = try mask.to(nil, states.dataType).unsqueezed(-1)  // [batch, tokens, 1]
        return try (states * weights).sum(axis: 1) / weights.sum(axis: 1)
    }

    func reset() throws {
        try withoutGradients {
            for norm in [firstNorm, meanNorm] {
                try norm.weight.fillInPlace(1)
                try norm.bias.fillInPlace(0)
            }
        }
        try linear.reset()
    }
}
