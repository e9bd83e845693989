import Testing

@testable import AdaptiveComputation

@Suite struct BudgetOffsetsTests {
    @Test func betweenBudgetsOffsetsAreInterpolated() throws {
        let offsets = try #require(BudgetOffsets(budgets: [0.2, 0.6], rows: [[0, -4, -8], [0, 2, 6]]))
        #expect(offsets.row(at: 0.2) == [0, -4, -8] && offsets.row(at: 0.6) == [0, 2, 6])
        #expect(offsets.row(at: 0.3).map { ($0 * 1000).rounded() / 1000 } == [0, -2.5, -4.5])
        #expect(offsets.row(at: 0) == [0, -4, -8] && offsets.row(at: 1) == [0, 2, 6])
    }

    @Test(arguments: [
        ([0.2, 0.2], [[0.0, 1], [0, 2]]),  // budgets that do not rise
        ([0.2, 0.6], [[0, 1], [0, 0.5]]),  // a step that falls
        ([0.2, 0.6], [[0, 1], [0, 1, 2]]),
        ([0.2], [[0, 1], [0, 2]]),
        ([0.2], [[0, .infinity]]),
        ([], []),
    ])
    func refusals(budgets: [Double], rows: [[Double]]) {
        #expect(BudgetOffsets(budgets: budgets, rows: rows) == nil)
    }
}
