import AdaptiveComputation
import Transformers

/// What a dense encoder costs whose blocks run on fewer and fewer tokens.
struct BlockCosts {
    private let model: AdaptiveModel
    private let blockCount: Int

    init(_ network: any TransformerModel) throws {
        model = AdaptiveModel(dense: network)
        blockCount = network.dimensions.blockCount
    }

    /// Multiply-accumulates of one sample.
    ///
    /// - Parameter tokenCounts: the tokens of each block that ran; the first are all of the sample.
    func total(_ tokenCounts: [Int]) throws -> Double {
        guard let all = tokenCounts.first else { return 0 }
        let whole = try ModelCost(model, tokenCount: all)
        return try tokenCounts.reduce(Double(whole.embedding + whole.head)) { sum, count in
            let cost = try count == all ? whole : ModelCost(model, tokenCount: count)
            return sum + Double(cost.attentionCore + cost.dense.values.reduce(0, +)) / Double(blockCount)
        }
    }
}
