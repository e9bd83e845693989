/// What is added to a gate's logits at each budget, found by calibration: it takes the place of the
/// gate's own term u(β).
///
/// Between two budgets the offsets are interpolated linearly. The steps from one choice to the next
/// never fall as the budget rises, so that with the same input no token gets fewer learners from a
/// larger budget.
public struct BudgetOffsets: Sendable, Equatable {
    /// Rising.
    public let budgets: [Double]
    /// For each budget one offset for each allowed choice.
    public let rows: [[Double]]

    /// - Returns: nil where budgets do not rise, rows are of unequal length, or a step falls.
    public init?(budgets: [Double], rows: [[Double]]) {
        guard !budgets.isEmpty, budgets.count == rows.count, let width = rows.first?.count, width > 0,
            rows.allSatisfy({ $0.count == width && $0.allSatisfy(\.isFinite) }),
            zip(budgets, budgets.dropFirst()).allSatisfy({ $0 < $1 }),
            zip(rows, rows.dropFirst()).allSatisfy({ lower, upper in
                zip(Self.steps(lower), Self.steps(upper)).allSatisfy { $0 <= $1 + 1e-9 }
            })
        else { return nil }
        self.budgets = budgets
        self.rows = rows
    }

    /// The offsets at a budget; outside the calibrated range those of its nearest end.
    public func row(at budget: Double) -> [Double] {
        let (lower, upper, share) = GridPlace(budget, in: budgets).values
        return zip(rows[lower], rows[upper]).map { $0 + ($1 - $0) * share }
    }

    /// The difference between each choice's offset and the one before.
    static func steps(_ row: [Double]) -> [Double] { zip(row, row.dropFirst()).map { $1 - $0 } }
}

/// Where a value lies in a rising list: between two entries, or at an end.
struct GridPlace {
    let values: (lower: Int, upper: Int, share: Double)

    init(_ value: Double, in grid: [Double]) {
        guard let upper = grid.firstIndex(where: { $0 >= value }) else {
            values = (grid.count - 1, grid.count - 1, 0)
            return
        }
        guard upper > 0, value > grid[upper - 1] else {
            values = (upper, upper, 0)
            return
        }
        values = (upper - 1, upper, (value - grid[upper - 1]) / (grid[upper] - grid[upper - 1]))
    }
}
