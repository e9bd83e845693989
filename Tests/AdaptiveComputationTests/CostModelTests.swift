import Testing
import Torch
import Transformers

@testable import AdaptiveComputation

/// The cost of ViT-B/16 at 224 pixels, from its configuration alone.
@Suite struct CostModelTests {
    let network: any TransformerModel

    init() throws {
        network = try ModelFolder.makeModel(
            configuration: [
                "architectures": ["ViTForImageClassification"], "model_type": "vit", "hidden_size": 768,
                "num_hidden_layers": 12, "num_attention_heads": 12, "intermediate_size": 3072,
                "hidden_act": "gelu", "image_size": 224, "patch_size": 16, "num_labels": 1000,
            ], source: "config.json", hasTensor: { _ in false })
    }

    func sum(_ cost: ModelCost, _ kinds: [SlotKind]) -> Int {
        cost.dense.filter { kinds.contains($0.key.kind) }.values.reduce(0, +)
    }

    /// In units of 10⁹, to three decimals.
    func giga(_ macs: Double) -> Double { (macs / 1e6).rounded() / 1e3 }

    @Test func multiplyAccumulatesOfTheDenseModel() throws {
        let cost = try ModelCost(AdaptiveModel(dense: network))
        #expect(giga(Double(sum(cost, [.feedForward]))) == 11.155)
        #expect(giga(Double(sum(cost, [.query, .key, .value, .output]))) == 5.577)
        #expect(giga(Double(cost.attentionCore)) == 0.715)
        #expect(giga(Double(cost.embedding)) == 0.116)
        #expect(cost.head == 768_000)
        #expect(abs(cost.total() / 1e9 - 17.56) < 0.005)
        #expect(cost.adaptable == 0 && cost.total(load: 0) == cost.total())
        let parts = sum(cost, SlotKind.allCases) + cost.attentionCore + cost.embedding + cost.head
        #expect(cost.total() == Double(parts))
    }

    /// Softmax and norms at 5 an element, activations at 1, in no total.
    @Test func elementWiseOperationsAreApart() throws {
        let cost = try ModelCost(AdaptiveModel(dense: network))
        let softmax = 5 * 12 * 12 * 197 * 197
        let norms = 5 * 25 * 197 * 768
        #expect(cost.elementWise == softmax + norms + 12 * 197 * 3072)
        #expect(cost.elementWise == 54_116_688)
    }

    @Test func theCostGrowsWithTheTokens() throws {
        let model = AdaptiveModel(dense: network)
        let (one, two) = (try ModelCost(model, tokenCount: 50), try ModelCost(model, tokenCount: 100))
        #expect(two.attentionCore == 4 * one.attentionCore)
        #expect(sum(two, SlotKind.allCases) == 2 * sum(one, SlotKind.allCases))
    }

    /// Four learners of a quarter of the width in each feed-forward.
    @Test func theLoadScalesWhatIsAdaptable() throws {
        let dense = try ModelCost(AdaptiveModel(dense: network))
        let modules = (0..<12).map {
            ModuleDescription(
                place: SlotPlace(block: $0, kind: .feedForward), inputWidth: 768, outputWidth: 768,
                learnerCount: 4, learnerWidth: 768, minimumChoice: 0, activation: .gelu)
        }
        let model = try AdaptiveModel(
            network, AdaptiveConfiguration(modules: modules, gateWidth: 16, isBudgetConditioned: true))
        let cost = try ModelCost(model)
        let gates = cost.adaptive.values.reduce(0) { $0 + $1.gate }
        // Two hidden layers of 16 and five choices for each token; the budget's part is not per token.
        #expect(gates == 12 * 197 * (768 * 16 + 16 * 16 + 16 * 5))
        #expect(Double(gates) < 0.002 * dense.total())
        #expect(cost.adaptable == sum(dense, [.feedForward]))
        #expect(cost.total(load: 1) == dense.total() + Double(gates))
        #expect(cost.total(load: 0.25) == cost.total(load: 0) + 0.25 * Double(cost.adaptable))
        #expect(cost.elementWise == dense.elementWise)
    }
}
