import Torch

/// Orders the hidden neurons of a feed-forward, most useful first.
enum NeuronOrder {
    /// Forward selection by explained energy, as in orthogonal least squares: next come the neurons
    /// whose activations, as far as those before do not predict them, explain most of what those before
    /// leave unexplained of the output,
    ///
    ///     ‖cov(output, a_j | before)‖² / var(a_j | before)
    ///
    /// Neurons are taken in about a hundred rounds, and what is conditioned on is renewed after each.
    ///
    /// - Parameters:
    ///   - covariance: of the hidden activations, `[hiddenWidth, hiddenWidth]` float64.
    ///   - down: the output matrix, `[outputWidth, hiddenWidth]` float64.
    /// - Returns: `[hiddenWidth]` int64.
    /// - Source: Chen, Billings & Luo 1989, section 3, with one target for each output.
    static func byExplainedEnergy(covariance: Tensor, down: Tensor) throws -> Tensor {
        let width = try covariance.size(0)
        let variances = try covariance.diagonal()
        // Neurons that are copies of others, or never vary, would divide nothing by nothing.
        let floor = try max(variances.mean().item(Double.self) * 1e-9, 1e-300)
        let share = 1e-5
        var rest = try covariance.positiveDefinite(
            adding: variances.clamped(minimum: 0) + floor / share, share: share)
        var target = try down.matmul(covariance)  // [outputWidth, hiddenWidth]
        let isTaken = try Tensor.zeros([width], .bool, device: covariance.device)
        var rounds: [Tensor] = []
        var left = width
        while left > 0 {
            let scores = try (target.square().sum(axis: 0) / rest.diagonal().clamped(minimum: floor))
                .masked(isTaken, value: -1)
            let next = try scores.largest(min(max(1, width / 96), left)).indices
            rounds.append(next)
            left -= try next.size(0)
            try isTaken.fillInPlace(1, at: next)
            if left == 0 { break }
            let known = try rest.entries(next)  // [taken, hiddenWidth]
            let weights = try known.entries(next, axis: 1).positiveSolution(for: known)
            target = try target - target.entries(next, axis: 1).matmul(weights)
            rest = try rest - known.transposed(0, 1).matmul(weights)
        }
        return try .concatenated(rounds)
    }
}
