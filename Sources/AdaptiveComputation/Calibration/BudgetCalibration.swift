import Foundation
import Torch
import Transformers

/// What a model's gates do at each budget on calibration data, and the offsets that make the load what
/// was asked for; `calibration.json` of a converted model's folder.
public struct BudgetCalibration: Sendable, Equatable {
    public static let fileName = "calibration.json"

    /// One adaptive module.
    public struct Module: Sendable, Equatable {
        public let place: SlotPlace
        public let offsets: BudgetOffsets
        /// For each budget the tokens that ran 0, 1, … learners.
        public let histograms: [[Int]]
    }

    public let sampleCount: Int
    /// The loads that the calibration data got at each of ``budgets``.
    public let loads: [Double]
    /// At least one; all have the same budgets.
    public let modules: [Module]

    /// The loads that are asked for, rising.
    public var budgets: [Double] { modules.first?.offsets.budgets ?? [] }

    /// The share of a module's tokens that run each number of learners at a budget, on calibration data.
    ///
    /// - Returns: nil for a place that was not calibrated.
    public func shares(at place: SlotPlace, budget: Double) -> [Double]? {
        guard let module = modules.first(where: { $0.place == place }) else { return nil }
        let (lower, upper, share) = GridPlace(budget, in: budgets).values
        func shares(_ histogram: [Int]) -> [Double] {
            let total = Double(max(histogram.reduce(0, +), 1))
            return histogram.map { Double($0) / total }
        }
        return zip(shares(module.histograms[lower]), shares(module.histograms[upper])).map {
            $0 + ($1 - $0) * share
        }
    }

    /// Keys: `samples`, `budgets`, `loads`, `modules`, each with `place`, `offsets` and `histograms`, which
    /// have a row for each budget.
    public var json: JSONValue {
        func numbers(_ values: [Double]) -> JSONValue { .array(values.map { .number($0) }) }
        return [
            "samples": .integer(sampleCount), "budgets": numbers(budgets), "loads": numbers(loads),
            "modules": .array(
                modules.map { module in
                    [
                        "place": .string(module.place.description),
                        "offsets": .array(module.offsets.rows.map(numbers)),
                        "histograms": .array(module.histograms.map { .array($0.map { .integer($0) }) }),
                    ]
                }),
        ]
    }
}
