import Foundation
import Torch

/// The answer of an exit and all before it: a weighted geometric mean of their distributions.
///
/// `q_i ∝ exp(bias_i) · Π_j p_{j,i}^{exp(logWeights_j)}` over the exits j up to this one.
///
/// - Parameters: `logWeights [exits]`, `bias [classes]`.
/// - Source: Wołczyk et al. 2021 (arXiv 2106.05409), equation 2.
public struct ExitEnsemble: Layer {
    public let logWeights: Tensor
    public let bias: Tensor

    init(exitCount: Int, classCount: Int) throws {
        logWeights = try .empty([exitCount])
        bias = try .empty([classCount])
    }

    public var parameters: [(name: String, tensor: Tensor)] { [("logWeights", logWeights), ("bias", bias)] }

    /// - Parameter logProbabilities: of the exits so far, `[batch, exits, classes]` float32.
    /// - Returns: logits, `[batch, classes]` float32.
    func callAsFunction(_ logProbabilities: Tensor) throws -> Tensor {
        let weights = try logWeights.to(nil, .float32).exponential().unsqueezed(-1)
        return try (logProbabilities * weights).sum(axis: 1) + bias
    }

    /// The plain geometric mean.
    func reset() throws {
        try withoutGradients {
            try logWeights.fillInPlace(-log(Double(logWeights.elementCount)))
            try bias.fillInPlace(0)
        }
    }
}
