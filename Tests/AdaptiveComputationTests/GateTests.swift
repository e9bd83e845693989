import Testing
import Torch

@testable import AdaptiveComputation

@Suite struct GateTests {
    func gate(isBudgetConditioned: Bool = true, _ type: DataType = .float32) throws -> Gate {
        try Runtime.seed(5)
        let gate = try Gate(
            inputWidth: 24, hiddenWidth: 16, allowedChoices: 4, isBudgetConditioned: isBudgetConditioned)
        try gate.reset()
        try gate.move(to: nil, type)
        return gate
    }

    /// Of each type, with u(β), with calibrated offsets in its place, and with neither.
    @Test(arguments: [DataType.float32, .bfloat16], [0, 1])
    func choicesAreTheLargestLogits(type: DataType, minimum: Int) throws {
        let input = try Tensor.normal([3, 200, 24]).to(nil, type) * 3
        var calibrated = try gate(type)
        calibrated.offsets = BudgetOffsets(
            budgets: [0.2, 0.8], rows: [[0, -0.05, -0.1, -0.2], [0, 0.05, 0.1, 0.2]])
        try withoutGradients {
            for gate in [try gate(type), calibrated, try gate(isBudgetConditioned: false, type)] {
                for budget in [0.1, 0.5, 0.9] {
                    let wanted = try gate(input, budget: budget).argMax(axis: -1) + minimum
                    let found = try gate.choices(input, budget: budget, minimum: minimum)
                    #expect(found.dataType == .int64 && found.shape == [3, 200])
                    #expect(try found.equals(wanted).allTrue())
                }
            }
        }
        let loads = try [0.2, 0.8].map { budget in
            let choices = try withoutGradients { try calibrated.choices(input, budget: budget, minimum: 0) }
            return try choices.to(nil, .float32).mean().item(Double.self)
        }
        #expect(loads[0] < loads[1])
    }

    @Test func ofEqualLogitsTheFirstIsChosenAndOneThatIsNoNumberIsTheLargest() throws {
        let gate = try gate(isBudgetConditioned: false)
        try withoutGradients {
            try gate.layers[2].weight.fillInPlace(0)
            try gate.layers[2].bias?.fillInPlace(0)
            let input = try Tensor.ones([1, 5, 24])
            #expect(try gate.choices(input, budget: 1, minimum: 1).equals(1).allTrue())
            try gate.layers[2].bias?.slice(2..<4, axis: 0).fillInPlace(.nan)
            #expect(try gate.choices(input, budget: 1, minimum: 1).equals(3).allTrue())
        }
    }
}
