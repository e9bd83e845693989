import AdaptiveComputation
import Foundation
import TestSupport
import Testing
import Torch
import Transformers

@testable import Baselines
@testable import Evaluation

@Suite struct TokenMergingTests {
    /// A class token and five patches: the third is like the second, the fifth like the fourth but less so.
    @Test(arguments: [DataType.float32, .bfloat16]) func likeTokensAreMergedBySize(type: DataType) throws {
        let rows: [[Float]] = [[9, 9], [1, 0], [0, 1], [0.1, 2], [-1, 0], [-1, 0.6]]
        let states = try Tensor(rows.flatMap { $0 }, shape: [1, 6, 2]).to(nil, type)
        var flow = BlockFlow(
            states: states, mask: nil, sizes: try Tensor([1, 1, 3, 1, 1, 1] as [Float], shape: [1, 6]))
        try TokenMerge.merge(&flow, count: 1, leadingCount: 1)
        // Givers are patches 1, 3 and 5, takers 2 and 4; 3 goes to 2, which stands for three.
        let sizes = try #require(flow.sizes)
        #expect(try sizes.array(of: Float.self) == [1, 1, 4, 1, 1])
        let wanted: [Float] = [9, 9, 1, 0, 0.1 / 4, (3 + 2) / 4, -1, 0, -1, 0.6]
        let found = try flow.states.array(of: Float.self)
        let tolerance: Float = type == .bfloat16 ? 0.01 : 1e-6
        #expect(flow.states.dataType == type)
        #expect(zip(found, wanted).allSatisfy { abs($0 - $1) < tolerance }, "\(found)")
    }

    /// Each sample against loops, with several tokens that go to the same one.
    @Test(arguments: [1, 4, 5]) func samplesMergeOnTheirOwn(count: Int) throws {
        try Runtime.seed(4)
        let (batch, tokens, width, leading) = (3, 12, 4, 2)
        let states = try Tensor.normal([batch, tokens, width])
        let sizes = try Tensor.range(0..<batch * tokens, .float32).reshaped([batch, tokens]) + 1
        var flow = BlockFlow(states: states, sizes: sizes)
        try TokenMerge.merge(&flow, count: count, leadingCount: leading)
        #expect(flow.states.shape == [batch, tokens - count, width])
        var shared = 0
        for sample in 0..<batch {
            let rows = try (0..<tokens).map {
                try states.select(sample, axis: 0).select($0, axis: 0).array(of: Double.self)
            }
            let weights = try sizes.select(sample, axis: 0).array(of: Double.self)
            func likeness(_ a: Int, _ b: Int) -> Double {
                func product(_ x: [Double], _ y: [Double]) -> Double { zip(x, y).map(*).reduce(0, +) }
                return product(rows[a], rows[b])
                    / (product(rows[a], rows[a]) * product(rows[b], rows[b])).squareRoot()
            }
            let pairs = try stride(from: leading, to: tokens, by: 2).map { giver in
                let takers = stride(from: leading + 1, to: tokens, by: 2)
                let best = try #require(takers.max { likeness(giver, $0) < likeness(giver, $1) })
                return (giver: giver, taker: best, likeness: likeness(giver, best))
            }.sorted { $0.likeness > $1.likeness }.prefix(count)
            shared += count - Set(pairs.map(\.taker)).count
            let kept = (0..<tokens).filter { token in !pairs.contains { $0.giver == token } }
            let members = kept.map { token in [token] + pairs.filter { $0.taker == token }.map(\.giver) }
            let wantedSizes = members.map { $0.map { weights[$0] }.reduce(0, +) }
            #expect(
                try #require(flow.sizes).select(sample, axis: 0).array(of: Double.self) == wantedSizes)
            for (index, members) in members.enumerated() {
                let found = try flow.states.select(sample, axis: 0).select(index, axis: 0)
                    .array(of: Double.self)
                for channel in 0..<width {
                    let sum = members.map { weights[$0] * rows[$0][channel] }.reduce(0, +)
                    #expect(abs(found[channel] - sum / wantedSizes[index]) < 1e-5)
                }
            }
        }
        #expect(count == 1 || shared > 0)
    }

    /// Attention over a token that stands for two is that over the token and its twin.
    @Test func sizesCountInAttention() throws {
        let model = try ModelFolder.load(goldens.appendingPathComponent("deit_classifier"))
        try Runtime.seed(2)
        let input = ModelInputs(["pixel_values": try .normal([1, 3, 24, 24])])
        func logits(_ change: @escaping (inout BlockFlow) throws -> Void) throws -> [Double] {
            let pass = ForwardPass()
            pass.betweenBlocks = { block, flow in
                if block == 0 { try change(&flow) }
                return true
            }
            return try model(input, pass).required("logits").array(of: Double.self)
        }
        let twins = try logits { flow in
            flow.states = try .concatenated([flow.states, flow.states.slice(4..<5, axis: 1)], axis: 1)
        }
        let sized = try logits { flow in
            let count = flow.states.shape[1]
            flow.sizes = try Tensor((0..<count).map { $0 == 4 ? 2 : 1 as Float }, shape: [1, count])
        }
        let plain = try logits { _ in }
        #expect(zip(twins, sized).allSatisfy { abs($0 - $1) < 1e-5 })
        #expect(zip(twins, plain).contains { abs($0 - $1) > 1e-4 })
    }

    @Test(arguments: [1, 0.95, 0.87]) func costsFollowTheBudget(budget: Double) throws {
        let folder = try TemporaryFolder()
        try TokenMergingModel.convert(goldens.appendingPathComponent("deit_classifier"), to: folder["out"])
        let model = try #require(try TokenMergingModel.load(folder["out"]))
        #expect(model.isAdaptive)
        try Runtime.seed(1)
        let input = ModelInputs(["pixel_values": try .normal([2, 3, 24, 24])])
        let pass = AdaptivePass(budget: budget)
        let logits = try model(input, pass).required("logits")
        let dense = try ModelFolder.load(goldens.appendingPathComponent("deit_classifier"))
        let whole = try ModelCost(AdaptiveModel(dense: dense)).total()
        let costs = try #require(try pass.sampleCosts?())
        #expect(
            costs.count == 2 && costs[0] <= budget * whole && costs[0] > (budget - 0.15) * whole,
            "\(costs[0] / whole)")
        if budget == 1 {
            let wanted = try dense(input, ForwardPass()).required("logits")
            #expect(try (logits - wanted).absolute().maximum().item(Double.self) < 1e-5)
        }
    }

    @Test func imagesOfAnotherSizeCostTheirOwnTokens() throws {
        let base = try ModelFolder.load(goldens.appendingPathComponent("dinov2"))
        let model = AdaptiveModel(dense: try TokenMergingModel(base))
        let own = try #require(model.network.dimensions.tokenCount)
        let input = ModelInputs(["pixel_values": try .normal([2, 3, 24, 24])])
        let pass = AdaptivePass()
        _ = try model(input, pass)
        #expect(try pass.tokenCounts(sampleCount: 2) == [37, 37] && own == 17)
        #expect(try SampleLoad.of(pass, model, sampleCount: 2) == [1, 1])
    }

    @Test func textsAreRefused() throws {
        let folder = try TemporaryFolder()
        #expect {
            try TokenMergingModel.convert(goldens.appendingPathComponent("bert"), to: folder["out"])
        } throws: {
            $0.localizedDescription.contains("models of images")
        }
    }
}
