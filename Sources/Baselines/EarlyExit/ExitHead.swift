import Torch

/// A classifier of a block's output, which knows what the exit before it said.
///
/// `linear([norm(first token); logits of the exit before])`.
///
/// - Source: Wołczyk et al. 2021 (arXiv 2106.05409), section 3.1: cascade connections.
public struct ExitHead: Layer {
    public let norm: LayerNorm
    public let linear: Linear

    /// - Parameters:
    ///   - width: of the tokens.
    ///   - classCount: of the logits.
    ///   - isFirst: whether no exit comes before.
    init(width: Int, classCount: Int, isFirst: Bool) throws {
        norm = try LayerNorm(width: width, epsilon: 1e-6)
        linear = try Linear(inputWidth: width + (isFirst ? 0 : classCount), outputWidth: classCount)
    }

    public var children: [(name: String, layer: any Layer)] { [("norm", norm), ("linear", linear)] }

    /// Multiply-accumulates for one sample.
    var cost: Int { linear.inputWidth * linear.outputWidth }

    /// - Parameters:
    ///   - states: the block's output, `[batch, tokens, width]`.
    ///   - before: the logits of the exit before, `[batch, classes]`, through which no gradients flow; nil for
    ///     the first.
    /// - Returns: `[batch, classes]`.
    func callAsFunction(_ states: Tensor, before: Tensor?) throws -> Tensor {
        let features = try norm(states.select(0, axis: 1))
        guard let before else { return try linear(features) }
        return try linear(.concatenated([features, before.detach().to(nil, features.dataType)], axis: -1))
    }

    func reset() throws {
        try withoutGradients {
            try norm.weight.fillInPlace(1)
            try norm.bias.fillInPlace(0)
        }
        try linear.reset()
    }
}
