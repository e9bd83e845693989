/// What one model at one budget gave for each sample.
public struct SampleRun: Sendable, Equatable {
    /// The load that was asked for, 0…1; nil for a dense model.
    public let budget: Double?
    /// For each measure that is known a number for each sample; NaN where it was not taken.
    public internal(set) var values: [Measure: [Float]]

    public init(budget: Double?, values: [Measure: [Float]]) {
        self.budget = budget
        self.values = values
    }

    /// The budget, or `dense`.
    public var name: String { Self.name(of: budget) }

    static func name(of budget: Double?) -> String { budget.map { "\($0)" } ?? "dense" }

    /// The budgets of runs whose names stand in a list with commas between; nil where one is neither `dense` nor a
    /// budget.
    static func budgets(named names: String) -> [Double?]? {
        let found = names.split(separator: ",").map { name in (name: name, budget: Double(name)) }
        guard found.allSatisfy({ $0.name == "dense" || $0.budget.map((0...1).contains) == true }) else {
            return nil
        }
        return found.map(\.budget)
    }

    /// Numbers for the samples of another order, which may be some of them.
    func reordered(_ order: [Int]) -> SampleRun {
        SampleRun(budget: budget, values: values.mapValues { numbers in order.map { numbers[$0] } })
    }
}
