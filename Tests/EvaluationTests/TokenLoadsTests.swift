import Testing
import Torch

@testable import Evaluation

@Suite struct TokenLoadsTests {
    @Test func tokensAreWeightedByCost() throws {
        let loads = try TokenLoads.perToken([
            (choices: Tensor([4, 0], shape: [1, 2]), learnerCost: 10, learnerCount: 4),
            (choices: Tensor([0, 2], shape: [1, 2]), learnerCost: 30, learnerCount: 2),
        ])
        let values = try #require(try loads?.array(of: Double.self))
        #expect(abs(values[0] - 0.4) < 1e-6 && abs(values[1] - 0.6) < 1e-6)
        #expect(throws: EvaluationError.self) { try TokenLoads(budget: 1, tokens: ["a"], loads: []) }
    }

    @Test func blocksHaveALoadForEachToken() throws {
        let block = BlockLoads(block: 3, loads: [0.5])
        #expect(try TokenLoads(budget: 1, tokens: ["a"], loads: [1], blocks: [block]).blocks == [block])
        #expect(throws: EvaluationError.self) {
            try TokenLoads(budget: 1, tokens: ["a", "b"], loads: [1, 1], blocks: [block])
        }
    }
}
