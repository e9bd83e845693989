import AdaptiveComputation
import Torch

/// Keeps the load of phase III at the budgets that are drawn, by integral control.
///
/// The loss of the budget moves the gates' own term for it slowly, so that low budgets, which few steps
/// ask for, would be learnt at higher loads, and met in calibration alone. So every step also shifts the
/// logits by s(β) for each learner, as calibration does (``BudgetShift``), and adds `gain · (β - load)` to s
/// near its budget. Nothing waits for the device.
final class BudgetControl {
    /// Budgets from 0 to 1 at which s is kept; it is linear between.
    private static let count = 21
    /// How far from its budget a step moves s, the less the farther.
    private static let reach = 0.15

    /// s: `[budgets]` float32.
    let shifts: Tensor
    /// The budgets of ``shifts``.
    private let places: Tensor
    private let gain: Double
    private let meanCost: Double
    /// The load of the fewest learners that the modules may run: no shift gets below it.
    private let leastLoad: Double

    /// - Parameters:
    ///   - modules: all adaptive modules, at least one.
    ///   - gain: above 0.
    init(_ modules: [AdaptiveModule], gain: Double, device: Device) throws {
        shifts = try .zeros([Self.count], device: device)
        places = try Tensor.range(0..<Self.count, .float32, device: device) / Double(Self.count - 1)
        self.gain = gain
        meanCost = Double(modules.reduce(0) { $0 + $1.learnerCost }) / Double(modules.count)
        leastLoad =
            Double(modules.reduce(0) { $0 + $1.learnerCost * $1.minimumChoice })
            / Double(modules.reduce(0) { $0 + $1.learnerCost * $1.learners.count })
    }

    /// - Parameter budget: 0…1.
    func shift(at budget: Double) throws -> BudgetShift {
        let weights = try weights(budget, reach: 1 / Double(Self.count - 1))
        return BudgetShift(try (shifts * weights).sum(), meanCost: meanCost)
    }

    /// - Parameters:
    ///   - load: that a step got, of all processes; a number without axes.
    ///   - budget: that it had asked for, 0…1.
    func learn(_ load: Tensor, budget: Double) throws {
        let missing = try load.detach().to(nil, .float32).negative() + max(budget, leastLoad)
        try shifts.addInPlace(missing * weights(budget, reach: Self.reach), times: gain)
    }

    /// 1 at a budget, falling to 0 at a distance from it: `[budgets]`.
    private func weights(_ budget: Double, reach: Double) throws -> Tensor {
        try ((places - budget).absolute() / -reach + 1).clamped(minimum: 0)
    }
}
