import Torch

/// How sure an answer must be to leave, by the budget.
public struct ExitThresholds: Sendable, Equatable {
    /// From the lowest budget that exits can keep to 1.
    public let budgets: [Double]
    /// Probabilities of the likeliest class, never falling.
    public let thresholds: [Double]

    init(budgets: [Double], thresholds: [Double]) {
        self.budgets = budgets
        self.thresholds = thresholds
    }

    /// Finds the thresholds at which calibration data costs what budgets ask for.
    ///
    /// - Parameters:
    ///   - confidences: of each sample at each exit but the last.
    ///   - costs: of each sample by how many blocks it runs.
    ///   - denseCosts: of each sample in the dense model.
    public init(confidences: [[Double]], costs: [[Double]], denseCosts: [Double]) {
        let dense = denseCosts.reduce(0, +)
        func share(_ threshold: Double) -> Double {
            zip(confidences, costs).reduce(0) { sum, sample in
                sum + sample.1[sample.0.firstIndex { $0 >= threshold } ?? sample.0.count]
            } / dense
        }
        var budgets: [Double] = []
        var thresholds: [Double] = []
        for step in 1..<20 {
            let budget = Double(step) / 20
            guard share(0) <= budget else { continue }
            var (low, high) = (thresholds.last ?? 0, 1.0)
            for _ in 0..<40 {
                let middle = (low + high) / 2
                if share(middle) <= budget { low = middle } else { high = middle }
            }
            budgets.append(budget)
            thresholds.append(low)
        }
        self.budgets = budgets
        self.thresholds = thresholds
    }

    /// - Throws: `JSONError` for wrong entries.
    init(_ reader: JSONObjectReader) throws {
        budgets = try reader.doubles("budgets")
        thresholds = try reader.doubles("thresholds")
        guard budgets.count == thresholds.count, budgets == budgets.sorted(),
            thresholds == thresholds.sorted()
        else {
            throw reader.invalid("thresholds", expected: "as many rising numbers as there are budgets")
        }
    }

    /// The threshold of a budget, between those that are known in proportion; of one below them all the
    /// lowest. A budget of 1 lets nobody leave.
    func threshold(at budget: Double) -> Double {
        guard budget < 1, let first = budgets.first, let last = thresholds.last else { return .infinity }
        if budget <= first { return thresholds[0] }
        guard let next = budgets.firstIndex(where: { $0 >= budget }) else { return last }
        let part = (budget - budgets[next - 1]) / (budgets[next] - budgets[next - 1])
        return thresholds[next - 1] + part * (thresholds[next] - thresholds[next - 1])
    }
}
