import AdaptiveComputation
import Synchronization
import Transformers

/// What a dense encoder costs whose samples leave it early, or whose blocks run on fewer and fewer tokens.
final class BlockCosts: Sendable {
    /// Multiply-accumulates of one sample.
    struct Parts {
        let embedding: Double
        /// One of the blocks.
        let block: Double
        let head: Double
    }

    private let model: AdaptiveModel
    private let blockCount: Int
    /// By the number of tokens.
    private let known = Mutex<[Int: Parts]>([:])

    init(_ network: any TransformerModel) {
        model = AdaptiveModel(dense: network)
        blockCount = network.dimensions.blockCount
    }

    /// - Parameter tokenCount: tokens of the sample, in all blocks.
    func parts(_ tokenCount: Int) throws -> Parts {
        if let parts = known.withLock({ $0[tokenCount] }) { return parts }
        let cost = try ModelCost(model, tokenCount: tokenCount)
        let parts = Parts(
            embedding: Double(cost.embedding),
            block: Double(cost.attentionCore + cost.dense.values.reduce(0, +)) / Double(blockCount),
            head: Double(cost.head))
        known.withLock { $0[tokenCount] = parts }
        return parts
    }

    /// Multiply-accumulates of one sample.
    ///
    /// - Parameter tokenCounts: the tokens of each block that ran; the first are all of the sample.
    func total(_ tokenCounts: [Int]) throws -> Double {
        guard let all = tokenCounts.first else { return 0 }
        let whole = try parts(all)
        return try tokenCounts.reduce(whole.embedding + whole.head) { try $0 + parts($1).block }
    }
}
