import AdaptiveComputation
import Synchronization
import Transformers

/// What a dense encoder costs whose samples leave it early, or whose blocks run on fewer and fewer tokens.
///
/// Kept by the number of tokens, not the network: packing gives its weights up.
final class BlockCosts: Sendable {
    /// Multiply-accumulates of one sample.
    struct Parts {
        let embedding: Double
        /// One of the blocks.
        let block: Double
        let head: Double
    }

    private let known = Mutex<[Int: Parts]>([:])

    /// - Parameters:
    ///   - network: the encoder, always the same.
    ///   - tokenCount: tokens of the sample, in all blocks.
    func parts(_ network: any TransformerModel, _ tokenCount: Int) throws -> Parts {
        if let parts = known.withLock({ $0[tokenCount] }) { return parts }
        let cost = try ModelCost(AdaptiveModel(dense: network), tokenCount: tokenCount)
        let blocks = Double(cost.attentionCore + cost.dense.values.reduce(0, +))
        let parts = Parts(
            embedding: Double(cost.embedding), block: blocks / Double(network.dimensions.blockCount),
            head: Double(cost.head))
        known.withLock { $0[tokenCount] = parts }
        return parts
    }

    /// Multiply-accumulates of one sample.
    ///
    /// - Parameters:
    ///   - network: the encoder, always the same.
    ///   - tokenCounts: the tokens of each block that ran; the first are all of the sample.
    func total(_ network: any TransformerModel, _ tokenCounts: [Int]) throws -> Double {
        guard let all = tokenCounts.first else { return 0 }
        let whole = try parts(network, all)
        return try tokenCounts.reduce(whole.embedding + whole.head) { try $0 + parts(network, $1).block }
    }
}
