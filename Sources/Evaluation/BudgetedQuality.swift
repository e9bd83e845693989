import AdaptiveComputation
import Datasets
import Torch
import Transformers

/// What a model gives by itself at one budget: a row of ``ClassifierEvaluation`` or ``RecogniserEvaluation``.
public struct BudgetedQuality<Quality: Sendable & Equatable>: Sendable, Equatable {
    /// The load that was asked for; nil for a dense model.
    public let budget: Double?
    /// The load that the gates chose; 1 for a dense model.
    public let load: Double
    /// Multiply-accumulates of one sample, mean over the samples.
    public let macs: Double
    public let quality: Quality
    /// Median over interleaved repeats; nil where nothing was timed.
    public let millisecondsPerSample: Double?
    public let modules: [ModuleLoad]
    /// Those whose gate gives nearly every token the same choice, unless that is what was asked for.
    public let collapsed: [SlotPlace]
    /// How far the gates' choices are from those on calibration data; nil without calibration.
    public let drift: DriftMonitor.Drift?

    /// Runs a model over the data, every batch loaded once for all budgets.
    ///
    /// - Parameters:
    ///   - model: moved to the device of the options.
    ///   - budgets: each 0…1; a dense model runs once, whatever they are.
    ///   - measure: the quality of a run.
    /// - Throws: ``EvaluationError`` for budgets out of range and fewer than two samples; what models, files
    ///   and `measure` throw.
    static func measured(
        _ model: AdaptiveModel, _ dataset: any Dataset, budgets: [Double], _ options: EvaluationOptions,
        _ scorer: SampleScorer, _ measure: (SampleRun) throws -> Quality
    ) throws -> (entries: [Self], records: SampleRecords) {
        if let wrong = budgets.first(where: { !(0...1).contains($0) }) {
            throw EvaluationError.invalidBudget(wrong)
        }
        let collector = try SampleCollector(dataset, options)
        try model.network.move(to: options.device)
        let runs = (model.isAdaptive ? budgets.map(Optional.some) : [nil]).map {
            CollectedRun(model: model, budget: $0)
        }
        let found = try collector.collect(runs, scorer)
        let records = try SampleRecords(
            found, budgets: runs.map(\.budget), fingerprint: dataset.fingerprint)
        let times = try collector.time(runs)
        let entries = try runs.indices.map { place in
            let quality = try measure(records.runs[place])
            let meter = try runs[place].meter(found.runs[place])
            let (load, macs) = try runs[place].cost(
                records.tokenCounts, loads: records.runs[place].values[.load], meter)
            let budget = runs[place].budget
            return Self(
                budget: budget, load: load, macs: macs, quality: quality,
                millisecondsPerSample: times?[place], modules: meter.modules,
                // What runs in part without gates gives all tokens the same by its nature.
                collapsed: model.configuration == nil ? [] : meter.collapsed(budget: budget ?? 1),
                drift: budget.flatMap { budget in
                    model.calibration.flatMap { DriftMonitor.drift(of: meter, from: $0, budget: budget) }
                })
        }
        return (entries, records)
    }

    /// Keys: `budget` (null for a dense model), `load`, `macs`, `milliseconds_per_sample` (null where not measured),
    /// `collapsed` (places), `drift` (see `DriftMonitor.Drift.json`; null without calibration), `modules` (see
    /// `ModuleLoad.json`) and the quality's under a name.
    func json(_ name: String, _ quality: JSONValue) -> JSONValue {
        [
            "budget": budget.map { .number($0) } ?? .null, "load": .number(load), "macs": .number(macs),
            "milliseconds_per_sample": millisecondsPerSample.map { .number($0) } ?? .null,
            "collapsed": .array(collapsed.map { .string($0.description) }), "drift": drift?.json ?? .null,
            name: quality, "modules": .array(modules.map(\.json)),
        ]
    }

    /// What runs gave and what they cost; times where they were measured.
    ///
    /// - Parameters:
    ///   - names: of the columns of the quality.
    ///   - cells: those of a quality.
    ///   - sampleCount: the last column.
    static func table(
        _ entries: [Self], _ names: [String], sampleCount: Int, cells: (Quality) -> [String]
    ) -> ColumnTable {
        let isTimed = entries.contains { $0.millisecondsPerSample != nil }
        var table = ColumnTable(
            header: ["budget", "load", "MMACs"] + names + (isTimed ? ["ms/sample"] : []) + ["samples"])
        for entry in entries {
            table.add(
                [
                    entry.budget.map { Markup.number($0, digits: 2) } ?? "dense",
                    entry.budget == nil ? "–" : Markup.number(entry.load, digits: 3),
                    Markup.number(entry.macs / 1e6, digits: 1),
                ] + cells(entry.quality)
                    + (isTimed ? [Markup.number(entry.millisecondsPerSample, digits: 3)] : [])
                    + ["\(sampleCount)"])
        }
        return table
    }
}
