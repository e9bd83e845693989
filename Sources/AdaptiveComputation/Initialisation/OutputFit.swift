import Torch

/// The output matrix with which the ordered learners of a feed-forward follow the dense one best.
///
/// With every prefix k of the learners free to add its own constant, the matrix W minimises
///
///     Σ_k ω_k · E‖ Σ_{n ≤ k} W_n · (a_n − E a_n) − (o − E o) ‖²
///
/// where `a_n` are the activations of learner n's neurons and `o` is the dense output, all neurons'
/// `D · a`. That is phase I's loss with the first layer held, and its minimum solves one linear system:
/// with `C` the covariance, `t_n = Σ_{k ≥ n} ω_k`, and `n(i)` the learner of neuron i,
///
///     Σ_j C_ij · t_max(n(i), n(j)) · W_j = t_n(i) · Σ_j C_ij · D_j
enum OutputFit {
    /// ω of all learners together; that of each smaller number is 1. The larger, the closer is a module
    /// with all learners to the dense one, and the less is won with fewer.
    static let fullWeight = 10.0
    /// Share of the diagonal that pulls W to D: the more, the fewer tokens there are for each neuron.
    static func ridge(hiddenWidth: Int, tokenCount: Int) -> Double {
        0.1 * Double(hiddenWidth) / Double(max(tokenCount, 1))
    }

    /// - Parameters:
    ///   - covariance: of the activations in their order, `[hiddenWidth, hiddenWidth]` float64.
    ///   - down: the dense output matrix in the same order, `[outputWidth, hiddenWidth]` float64.
    ///   - kept: neurons that the learners have; those behind them are left out.
    ///   - learnerWidth: neurons of one learner.
    ///   - learnerCount: number of learners.
    ///   - tokenCount: tokens that the covariance is of.
    /// - Returns: `[outputWidth, kept]` float64.
    static func weights(
        covariance: Tensor, down: Tensor, kept: Int, learnerWidth: Int, learnerCount: Int, tokenCount: Int
    ) throws -> Tensor {
        let device = covariance.device
        let learner = (0..<kept).map { min($0 / learnerWidth, learnerCount - 1) }
        // [kept]
        let tails = try Tensor(learner.map { Double(learnerCount - 1 - $0) + fullWeight }).to(device)
        // The later of two learners decides: fewer prefixes have both.
        let pairs = try tails.unsqueezed(0).smaller(tails.unsqueezed(1))  // [kept, kept]
        let rows = try covariance.slice(0..<kept, axis: 0)  // [kept, hiddenWidth]
        let system = try rows.slice(0..<kept, axis: 1) * pairs
        let dense = try down.slice(0..<kept, axis: 1).transposed(0, 1)  // [kept, outputWidth]
        let right = try rows.matmul(down.transposed(0, 1)) * tails.unsqueezed(1)
        let diagonal = try system.diagonal()
        let floor = try max(diagonal.mean().item(Double.self) * 1e-6, 1e-300)
        let ridge = try ridge(hiddenWidth: down.size(1), tokenCount: tokenCount)
        // As a change of the dense matrix: the ridge then pulls to it.
        let change = try system.positiveDefinite(adding: diagonal + floor, share: ridge)
            .positiveSolution(for: right - system.matmul(dense))
        return try (dense + change).transposed(0, 1)
    }
}
