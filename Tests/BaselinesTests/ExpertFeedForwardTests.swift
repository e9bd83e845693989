import AdaptiveComputation
import Testing
import Torch
import Transformers

@testable import Baselines

@Suite struct ExpertFeedForwardTests {
    private let place = SlotPlace(block: 0, kind: .feedForward)

    private func slot(inputWidth: Int = 3, outputWidth: Int = 5, expertWidth: Int = 2) throws
        -> ExpertFeedForward
    {
        try Runtime.seed(2)
        let slot = try ExpertFeedForward(
            inputWidth: inputWidth, outputWidth: outputWidth, expertCount: 4, expertWidth: expertWidth,
            routerWidth: 6)
        for (_, tensor) in slot.namedParameters() { try tensor.fillNormalInPlace() }
        return slot
    }

    /// Each token against the sum over the experts that its scores say, term by term.
    @Test(arguments: [0, 0.25, 0.5, 0.8, 1]) func expertsAddUp(budget: Double) throws {
        let slot = try slot()
        let input = try Tensor.normal([2, 7, 3])
        let pass = AdaptivePass(budget: budget)
        let output = try slot(input, at: place, pass)
        #expect(output.shape == [2, 7, 5])
        let count = [0: 1, 0.25: 1, 0.5: 2, 0.8: 3, 1: 4][budget] ?? 0
        #expect(try pass.trace[0].choices.array(of: Int.self) == Array(repeating: count, count: 14))

        let rows = try input.reshaped([14, 3])
        let hidden = try (rows.matmul(slot.w1.transposed(0, 1)) + slot.b1).relu()  // [14, 8]
        let scores = try slot.scores(rows).array(of: Double.self)
        var mask: [Float] = []
        for token in 0..<14 {
            let own = Array(scores[token * 4..<token * 4 + 4])
            let best = Set((0..<4).sorted { own[$0] > own[$1] }.prefix(count))
            mask += (0..<8).map { best.contains($0 / 2) ? 1 : 0 }
        }
        let wanted = try (hidden * Tensor(mask, shape: [14, 8])).matmul(slot.w2.transposed(0, 1)) + slot.bias
        let error = try (output.reshaped([14, 5]) - wanted).absolute().maximum().item(Double.self)
        #expect(error < 1e-5)
    }

    @Test(arguments: 1...3) func masksGiveTheSame(count: Int) throws {
        let slot = try slot(inputWidth: 8, outputWidth: 12, expertWidth: 4)
        let rows = try Tensor.normal([9, 8])
        let wanted = try slot.run(rows, count, skips: true)
        let error = try (slot.run(rows, count, skips: false) - wanted).absolute().maximum().item(Double.self)
        #expect(error < 1e-4)
    }

    @Test func activityIsRelativeToTheStrongest() throws {
        let slot = try slot()
        try slot.w1.fillInPlace(0)
        try slot.b1.copyInPlace(from: Tensor([1, 1, 2, 2, -3, 1, -1, -1] as [Float]))
        let activity = try slot.activity(.zeros([1, 3])).array(of: Double.self)
        #expect(activity == [0.5, 1, 0.25, 0])
    }

    @Test func costs() throws {
        let slot = try slot()
        #expect(slot.partCost == 2 * (3 + 5))
        #expect(slot.choiceCost == 3 * 6 + 6 * 4)
    }
}
