import AdaptiveComputation
import Datasets
import Torch

/// How a classifier does on labelled data, by itself: dense, or converted and at several budgets.
public struct ClassifierEvaluation: Sendable, Equatable {
    /// One row of the result.
    public struct Entry: Sendable, Equatable {
        /// The load that was asked for; nil for a dense model.
        public let budget: Double?
        /// The load that the gates chose; 1 for a dense model.
        public let load: Double
        /// Multiply-accumulates of one sample, mean over the samples.
        public let macs: Double
        public let classes: ClassAccuracy
        public let modules: [ModuleLoad]
    }

    public let device: Device
    public let entries: [Entry]
    /// What was found of each sample.
    public let records: SampleRecords

    /// Runs the model over the data, once for each budget.
    ///
    /// - Parameters:
    ///   - model: a classifier; it is moved to the device.
    ///   - dataset: labelled samples.
    ///   - budgets: each 0…1; a dense model runs once, whatever they are.
    ///   - options: batch size and device; nothing is timed.
    /// - Throws: ``EvaluationError`` for budgets out of range, fewer than two samples, data without labels
    ///   and models without a classifier; what models and files throw.
    public init(
        _ model: AdaptiveModel, _ dataset: any Dataset, budgets: [Double],
        options: EvaluationOptions = EvaluationOptions()
    ) throws {
        if let wrong = budgets.first(where: { !(0...1).contains($0) }) {
            throw EvaluationError.invalidBudget(wrong)
        }
        let collector = try SampleCollector(dataset, options)
        try model.network.move(to: options.device)
        device = options.device
        let runs = (model.isAdaptive ? budgets.map(Optional.some) : [nil]).map {
            CollectedRun(model: model, budget: $0)
        }
        let found = try collector.collect(runs, SampleScorer())
        let records = try SampleRecords(
            found, budgets: runs.map(\.budget), fingerprint: dataset.fingerprint)
        entries = try runs.indices.map { place in
            let values = records.runs[place]
            guard let classes = ClassAccuracy(values, classCount: dataset.classNames?.count) else {
                throw EvaluationError.mismatch(
                    "Accuracy needs labelled data and a model with a classifier; "
                        + (found.labels.isEmpty ? "the data has no labels" : "the model gives no logits"))
            }
            let meter = try runs[place].meter(found.runs[place])
            let (load, macs) = try runs[place].cost(
                records.tokenCounts, loads: records.runs[place].values[.load], meter)
            return Entry(
                budget: runs[place].budget, load: load, macs: macs, classes: classes,
                modules: meter.modules)
        }
        self.records = records
    }

    /// Keys: `format` (1), `device`, `results`: for each row `budget` (null for a dense model), `load`,
    /// `macs`, `classes` (see ``ClassAccuracy/json``), `modules` (see `ModuleLoad.json`).
    public var json: JSONValue {
        [
            "format": 1, "device": .string(device.description),
            "results": .array(
                entries.map {
                    [
                        "budget": $0.budget.map { .number($0) } ?? .null, "load": .number($0.load),
                        "macs": .number($0.macs), "classes": $0.classes.json,
                        "modules": .array($0.modules.map(\.json)),
                    ]
                }),
        ]
    }

    public var table: ColumnTable {
        var table = ColumnTable(
            header: ["budget", "load", "MMACs"] + (entries.first?.classes.header ?? []) + ["samples"])
        for entry in entries {
            table.add(
                [
                    entry.budget.map { Markup.number($0, digits: 2) } ?? "dense",
                    entry.budget == nil ? "–" : Markup.number(entry.load, digits: 3),
                    Markup.number(entry.macs / 1e6, digits: 1),
                ] + entry.classes.cells + ["\(entry.classes.sampleCount)"])
        }
        return table
    }
}
