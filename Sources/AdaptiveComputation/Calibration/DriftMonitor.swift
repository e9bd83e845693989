import Foundation
import Torch
import Transformers

/// Compares what gates choose with what they chose on calibration data.
///
/// The divergence of a module is that of Jensen and Shannon between the two shares of choices, in bits:
/// 0 where they are the same, 1 where they have nothing in common. Data like those of the calibration
/// stay near 0; the first thousands of tokens of anything are noisy.
///
/// ```swift
/// var monitor = try DriftMonitor(model, budget: 0.5) { log("load \($0.load), \($0.divergence) bits") }
/// try monitor.add(pass)  // after every pass
/// ```
/// - Source: Lin 1991, for the divergence.
public struct DriftMonitor {
    /// What the monitor found so far.
    public struct Drift: Sendable, Equatable {
        /// Mean over modules, in bits.
        public let divergence: Double
        /// The module that differs most.
        public let worstPlace: SlotPlace
        /// Its divergence, in bits.
        public let worstDivergence: Double
        public let load: Double
        /// The load of the calibration data at this budget.
        public let expectedLoad: Double

        /// Keys: `divergence_bits`, `worst_place`, `worst_divergence_bits`, `load`, `expected_load`.
        public var json: JSONValue {
            [
                "divergence_bits": .number(divergence), "worst_place": .string(worstPlace.description),
                "worst_divergence_bits": .number(worstDivergence), "load": .number(load),
                "expected_load": .number(expectedLoad),
            ]
        }
    }

    public let budget: Double
    /// Mean divergence from which the data count as another kind, in bits.
    public let threshold: Double
    public static let defaultThreshold = 0.01
    /// Decisions of the first module before which drift is no alarm.
    public static let defaultLeastTokenCount = 10_000
    private let calibration: BudgetCalibration
    private let leastTokenCount: Int
    private let alarm: (Drift) -> Void
    private var meter: LoadMeter

    /// - Parameters:
    ///   - model: a calibrated model.
    ///   - budget: that all passes ask for.
    ///   - threshold: mean divergence from which `alarm` is called, in bits.
    ///   - leastTokenCount: decisions of the first module before which it is not called.
    ///   - alarm: called after each pass beyond the threshold.
    /// - Throws: `ModelError.invalidSlot(_:)` for a model whose budgets are not calibrated.
    public init(
        _ model: AdaptiveModel, budget: Double, threshold: Double = Self.defaultThreshold,
        leastTokenCount: Int = Self.defaultLeastTokenCount,
        alarm: @escaping (Drift) -> Void = { _ in }
    ) throws {
        guard let calibration = model.calibration else {
            throw ModelError.invalidSlot("The model has no calibration that drift could be measured from.")
        }
        self.calibration = calibration
        self.budget = budget
        self.threshold = threshold
        self.leastTokenCount = leastTokenCount
        self.alarm = alarm
        meter = LoadMeter(model)
    }

    /// Adds what a pass chose that has run with the monitor's budget.
    public mutating func add(_ pass: AdaptivePass) throws {
        try meter.add(pass)
        guard let drift, drift.divergence > threshold,
            (meter.modules.first?.tokenCount ?? 0) >= leastTokenCount
        else { return }
        alarm(drift)
    }

    /// Forgets all passes.
    public mutating func reset() {
        meter = LoadMeter(
            meter.modules.map {
                ModuleLoad(place: $0.place, learnerCost: $0.learnerCost, learnerCount: $0.learnerCount)
            })
    }

    /// nil before any token.
    public var drift: Drift? { Self.drift(of: meter, from: calibration, budget: budget) }

    /// The drift of what a meter counted at a budget; nil where it counted nothing.
    public static func drift(
        of meter: LoadMeter, from calibration: BudgetCalibration, budget: Double
    ) -> Drift? {
        var total = (spent: 0.0, available: 0.0)
        let divergences = meter.modules.compactMap { module -> (place: SlotPlace, divergence: Double)? in
            guard module.tokenCount > 0,
                let expected = expectedShares(module, calibration, budget: budget)
            else { return nil }
            let tokens = Double(module.tokenCount)
            let mean = expected.enumerated().reduce(0) { $0 + Double($1.offset) * $1.element }
            total.spent += tokens * mean * Double(module.learnerCost)
            total.available += Double(module.available)
            return (module.place, divergence(module.histogram.map { Double($0) / tokens }, expected))
        }
        guard let worst = divergences.max(by: { $0.divergence < $1.divergence }) else { return nil }
        return Drift(
            divergence: divergences.reduce(0) { $0 + $1.divergence } / Double(divergences.count),
            worstPlace: worst.place, worstDivergence: worst.divergence, load: meter.load,
            expectedLoad: total.spent / total.available)
    }

    private static func expectedShares(
        _ module: ModuleLoad, _ calibration: BudgetCalibration, budget: Double
    ) -> [Double]? {
        if budget >= 1 { return Array(repeating: 0, count: module.learnerCount) + [1] }
        return calibration.shares(at: module.place, budget: budget)
    }

    /// Jensen–Shannon divergence of two distributions, in bits.
    static func divergence(_ first: [Double], _ second: [Double]) -> Double {
        zip(first, second).reduce(0) { sum, shares in
            let middle = (shares.0 + shares.1) / 2
            func part(_ share: Double) -> Double { share > 0 ? share / 2 * log2(share / middle) : 0 }
            return sum + part(shares.0) + part(shares.1)
        }
    }
}
