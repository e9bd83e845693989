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
    public var name: String { budget.map { "\($0)" } ?? "dense" }

    /// Numbers for the samples of another order.
    func reordered(_ order: [Int]) -> SampleRun {
        SampleRun(budget: budget, values: values.mapValues { numbers in order.map { numbers[$0] } })
    }
}
