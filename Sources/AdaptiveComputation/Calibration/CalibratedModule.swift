import Torch
import Transformers

/// What calibration needs of one adaptive module.
struct CalibratedModule {
    let place: SlotPlace
    let gate: Gate
    let cost: Int
    let learnerCount: Int
    let minimumChoice: Int

    init(_ entry: (place: SlotPlace, module: AdaptiveModule)) {
        place = entry.place
        gate = entry.module.gate
        cost = entry.module.learnerCost
        learnerCount = entry.module.learners.count
        minimumChoice = entry.module.minimumChoice
    }

    /// The gate's own term for a budget, 0 for a gate without one.
    func base(_ budget: Double) throws -> [Double] {
        let values = try gate.budgetTerm(budget)?.to(.cpu, .float32).array(of: Float.self).map(Double.init)
        return values ?? Array(repeating: 0, count: learnerCount + 1 - minimumChoice)
    }

    /// The base with `shift` more for every further learner; no step is lower than in `above`, the row of
    /// the budget before. The first offset is 0: one number added to all changes nothing.
    func row(_ base: [Double], _ shift: Double, above: [Double]?) -> [Double] {
        var steps = BudgetOffsets.steps(base).map { $0 + shift }
        if let above { steps = zip(steps, BudgetOffsets.steps(above)).map(max) }
        return steps.reduce(into: [0]) { row, step in row.append((row.last ?? 0) + step) }
    }
}
