import Foundation
import Torch

/// What makes tokens halt.
///
/// - Source: Yin et al. 2022 (arXiv 2112.07658), equations 10 to 14.
enum HaltingLoss {
    /// The mean over real tokens of the blocks that a token runs and of its share at the last of them.
    ///
    /// - Parameters:
    ///   - shares: p, `[blocks, batch, tokens]` float32.
    ///   - ran: 1 where a token ran, of the same shape; 0 everywhere for padding.
    static func ponder(_ shares: Tensor, ran: Tensor) throws -> Tensor {
        let count = try ran.sum(axis: 0)  // [batch, tokens]
        // The last share is the one above which no other block ran.
        let isLast = try ran.cumulativeSum(axis: 0).equals(count).to(nil, .float32) * ran
        return try (count.sum() + (shares * isLast).sum()) / ran.select(0, axis: 0).sum()
    }

    /// `KL(mean shares of the blocks ‖ normal distribution around the depth)`.
    ///
    /// - Parameters:
    ///   - shares: as for ``ponder(_:ran:)``.
    ///   - ran: as for ``ponder(_:ran:)``.
    ///   - depth: at which tokens are to halt, in blocks from 1.
    ///   - deviation: of the normal distribution, in blocks.
    static func distribution(
        _ shares: Tensor, ran: Tensor, depth: Double, deviation: Double
    ) throws -> Tensor {
        let found = try shares.sum(axes: [1, 2]) / ran.select(0, axis: 0).sum()  // [blocks]
        let densities = (1...(try shares.size(0))).map { exp(-pow((Double($0) - depth) / deviation, 2) / 2) }
        let total = densities.reduce(0, +)
        let target = try Tensor(densities.map { Float(log(max($0 / total, 1e-12))) }).to(shares.device)
        return try (found * (found.clamped(minimum: 1e-12).logarithm() - target)).sum()
    }
}
