import Torch
import Transformers

/// Finds the offsets of the gates' logits with which the load of some data is the budget.
///
/// At a budget β a choice of k learners gets the gate's own term u(β)ₖ plus `s · k · p`, where p is the
/// cost of one of the module's learners relative to the mean over modules. A larger s never gives a token
/// fewer learners, and the same s in all modules buys learners where the gates want them most for what
/// they cost. s is found by bisection on what the gates said of all tokens. Since the tokens change with
/// what ran before, the data are run anew until the load is right, between shifts that gave too little
/// and too much.
public struct BudgetCalibrator {
    /// Rising, between 0 and 1. A calibrated model takes all learners for a budget of 1.
    public var budgets = [0.01] + (1...19).map { Double($0) / 20 } + [0.99]
    /// The largest difference between a load and the budget that is accepted.
    public var tolerance = 0.003
    /// The most times that the data are run for one budget.
    public var passLimit = 12
    /// No further batch is run once a module has seen so many tokens.
    public var tokenLimit = 32_768
    private let batchCount: Int
    private let batch: (Int) throws -> ModelInputs

    /// - Parameters:
    ///   - batchCount: batches that there are.
    ///   - batch: the inputs of a batch by its number, on any device; called once for each that is run, since
    ///     they stay in memory meanwhile.
    public init(batchCount: Int, batch: @escaping (Int) throws -> ModelInputs) {
        self.batchCount = batchCount
        self.batch = batch
    }

    /// - Parameters:
    ///   - model: converted; an old calibration of it is not used.
    ///   - report: is told the budget and the load that it got, budget by budget.
    /// - Returns: the model with its budgets calibrated; a budget below the load of the fewest learners gets
    ///   about that load.
    public func run(
        _ model: AdaptiveModel, report: (_ budget: Double, _ load: Double) -> Void = { _, _ in }
    ) throws -> AdaptiveModel {
        let uncalibrated = try model.calibrated(nil)
        let modules = uncalibrated.modules.map(CalibratedModule.init)
        guard !modules.isEmpty else {
            throw ModelError.invalidSlot("A dense model has no budgets to calibrate.")
        }
        guard modules.contains(where: { $0.learnerCount > $0.minimumChoice }) else {
            throw ModelError.invalidSlot(
                "No module of the model has a choice, so it has no budgets to calibrate.")
        }
        let meanCost = Double(modules.reduce(0) { $0 + $1.cost }) / Double(modules.count)
        var rows = modules.map { _ in [[Double]]() }
        var histograms = modules.map { _ in [[Int]]() }
        var loads: [Double] = []
        var sampleCount = 0
        try withoutGradients {
            var inputs: [ModelInputs] = []
            var seen = try run(uncalibrated, modules, modules.map { try $0.base(0.5) }, &inputs).seen
            // By how much the load of a budget's first run was above what the run before it let expect.
            var surprise = 0.0
            for budget in budgets {
                // Just above the least load there can be: an infinite shift cannot be interpolated.
                let target = max(budget, seen.leastLoad + tolerance)
                let bases = try modules.map { try $0.base(budget) }
                func candidates(_ shift: Double) -> [[Double]] {
                    modules.indices.map { index in
                        modules[index].row(
                            bases[index], shift * Double(modules[index].cost) / meanCost,
                            above: rows[index].last)
                    }
                }
                var best: (distance: Double, rows: [[Double]], meter: LoadMeter)?
                var bounds: (lower: Double?, upper: Double?)
                for pass in 0..<passLimit {
                    let aim = pass == 0 ? target - surprise : target
                    var shift = try seen.shift(for: aim, tolerance: tolerance / 10, offsets: candidates)
                    if let lower = bounds.lower, let upper = bounds.upper, !(lower..<upper).contains(shift) {
                        shift = (lower + upper) / 2
                    }
                    let tried = candidates(shift)
                    let run = try self.run(uncalibrated, modules, tried, &inputs)
                    seen = run.seen
                    sampleCount = run.sampleCount
                    if pass == 0 { surprise = run.meter.load - aim }
                    if run.meter.load < target {
                        bounds.lower = max(bounds.lower ?? shift, shift)
                    } else {
                        bounds.upper = min(bounds.upper ?? shift, shift)
                    }
                    let distance = abs(run.meter.load - target)
                    if distance < best?.distance ?? .infinity { best = (distance, tried, run.meter) }
                    if distance <= tolerance { break }
                }
                guard let best else { continue }
                for index in modules.indices {
                    rows[index].append(best.rows[index])
                    histograms[index].append(best.meter.modules[index].histogram)
                }
                loads.append(best.meter.load)
                report(budget, best.meter.load)
            }
        }
        let calibrated = try modules.indices.map { index in
            guard let offsets = BudgetOffsets(budgets: budgets, rows: rows[index]) else {
                throw ModelError.invalidSlot("Budgets to calibrate must rise, found \(budgets).")
            }
            return BudgetCalibration.Module(
                place: modules[index].place, offsets: offsets, histograms: histograms[index])
        }
        return try model.calibrated(
            BudgetCalibration(sampleCount: sampleCount, loads: loads, modules: calibrated))
    }

    private typealias Run = (meter: LoadMeter, seen: SeenTokens, sampleCount: Int)

    /// Runs the data with given offsets and keeps what the gates say of the real tokens.
    private func run(
        _ model: AdaptiveModel, _ modules: [CalibratedModule], _ rows: [[Double]],
        _ loaded: inout [ModelInputs]
    ) throws -> Run {
        let offsets = zip(modules, rows).compactMap { module, row in
            BudgetOffsets(budgets: [0], rows: [row]).map { (module.place, $0) }
        }
        let tried = try model.adding(Dictionary(uniqueKeysWithValues: offsets))
        var meter = LoadMeter(model)
        var terms: [SlotPlace: [Tensor]] = [:]
        var sampleCount = 0
        let device = modules[0].gate.layers[0].weight.device
        for number in 0..<batchCount where meter.modules.allSatisfy({ $0.tokenCount < tokenLimit }) {
            if number == loaded.count { loaded.append(try batch(number)) }
            let inputs = try loaded[number].to(device)
            let pass = AdaptivePass(budget: 0)
            var given: [(place: SlotPlace, term: Tensor)] = []
            pass.observeTokenTerm = { given.append(($0, $1)) }
            _ = try tried(inputs, pass)
            for (place, term) in given {
                let rows =
                    try pass.tokenMask(at: place).map { try term.rows(where: $0) }
                    ?? term.flattened(from: 0, to: 1)
                terms[place, default: []].append(rows)
            }
            try meter.add(pass)
            sampleCount += inputs.sampleCount
        }
        return (meter, try SeenTokens(terms, modules), sampleCount)
    }
}
