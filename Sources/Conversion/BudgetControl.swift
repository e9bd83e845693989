import AdaptiveComputation
import Torch

/// Keeps the load of phase III at the budgets that are drawn, by integral control.
///
/// The loss of the budget moves the gates' own term for it slowly, so that low budgets, which few steps ask for, would be
/// learnt at higher loads, and met in calibration alone. So every step also shifts the logits by `s(β) · k · p`, as
/// calibration does (``BudgetShift``), and adds `gain · (β - load)` to s near its budget. Nothing waits for the device.
final class BudgetControl {
    /// Budgets from 0 to 1 at which s is kept; it is linear between.
    private static let count = 21
    /// How far from its budget a step moves s, the less the farther.
    private static let reach = 0.15

    /// s: `[budgets]` float32.
    let shifts: Tensor
    private let gain: Double
    private let meanCost: Double

    /// - Parameters:
    ///   - modules: all whose gates learn, at least one.
    ///   - gain: above 0.
    init(_ modules: [AdaptiveModule], gain: Double, device: Device) throws {
        shifts = try .zeros([Self.count], device: device)
        self.gain = gain
        meanCost = Double(modules.reduce(0) { $0 + $1.learnerCost }) / Double(modules.count)
    }

    /// - Parameter budget: 0…1.
    func shift(at budget: Double) throws -> BudgetShift {
        let weights = try Self.weights { max(0, 1 - abs($0 - budget) * Double(Self.count - 1)) }
        return BudgetShift(try (shifts * weights.to(shifts.device)).sum(), meanCost: meanCost)
    }

    /// - Parameters:
    ///   - load: that a step got, of all processes; a number without axes.
    ///   - budget: that it had asked for, 0…1.
    func learn(_ load: Tensor, budget: Double) throws {
        let weights = try Self.weights { gain * max(0, 1 - abs($0 - budget) / Self.reach) }
        let missing = try load.detach().to(nil, .float32).negative() + budget
        try shifts.addInPlace(missing * weights.to(shifts.device))
    }

    private static func weights(_ weight: (Double) -> Double) throws -> Tensor {
        try Tensor((0..<count).map { Float(weight(Double($0) / Double(count - 1))) })
    }
}
