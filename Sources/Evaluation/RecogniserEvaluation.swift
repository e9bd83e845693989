import AdaptiveComputation
import Datasets
import Torch

/// How a recogniser of letters does on recordings with texts, by itself: dense, or converted and at several
/// budgets.
public struct RecogniserEvaluation: Sendable, Equatable {
    /// One row of the result.
    public struct Entry: Sendable, Equatable {
        /// The load that was asked for; nil for a dense model.
        public let budget: Double?
        /// The load that the gates chose; 1 for a dense model.
        public let load: Double
        /// Multiply-accumulates of one recording, mean over the recordings.
        public let macs: Double
        public let errors: SpeechErrors
        public let modules: [ModuleLoad]
    }

    public let device: Device
    public let entries: [Entry]
    /// What was found of each recording.
    public let records: SampleRecords

    /// Runs the model over the data, once for each budget.
    ///
    /// - Parameters:
    ///   - model: a recogniser; it is moved to the device.
    ///   - dataset: recordings with texts.
    ///   - speech: how transcripts are made and compared.
    ///   - budgets: each 0…1; a dense model runs once, whatever they are.
    ///   - options: batch size and device; nothing is timed.
    /// - Throws: ``EvaluationError`` for budgets out of range, fewer than two recordings and data without
    ///   texts; what models and files throw.
    public init(
        _ model: AdaptiveModel, _ dataset: any Dataset, _ speech: SpeechScoring, budgets: [Double],
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
        var scorer = SampleScorer()
        scorer.hears(speech, dataset)
        let found = try collector.collect(runs, scorer)
        let records = try SampleRecords(
            found, budgets: runs.map(\.budget), fingerprint: dataset.fingerprint)
        entries = try runs.indices.map { place in
            let values = records.runs[place]
            guard let errors = SpeechErrors(values) else {
                throw EvaluationError.mismatch(
                    "Word error rates need recordings with texts and a recogniser of letters")
            }
            let meter = try runs[place].meter(found.runs[place])
            let (load, macs) = try runs[place].cost(
                records.tokenCounts, loads: values.values[.load], meter)
            return Entry(
                budget: runs[place].budget, load: load, macs: macs, errors: errors, modules: meter.modules)
        }
        self.records = records
    }

    /// Keys: `format` (1), `device`, `samples`, `mean_tokens` (frames of a recording), `results`: for each row
    /// `budget` (null for a dense model), `load`, `macs`, `errors` (see ``SpeechErrors/json``), `modules` (see
    /// `ModuleLoad.json`).
    public var json: JSONValue {
        [
            "format": 1, "device": .string(device.description), "samples": .integer(records.count),
            "mean_tokens": .number(
                Double(records.tokenCounts.reduce(0, +)) / Double(max(records.count, 1))),
            "results": .array(
                entries.map {
                    [
                        "budget": $0.budget.map { .number($0) } ?? .null, "load": .number($0.load),
                        "macs": .number($0.macs), "errors": $0.errors.json,
                        "modules": .array($0.modules.map(\.json)),
                    ]
                }),
        ]
    }

    public var table: ColumnTable {
        var table = ColumnTable(header: ["budget", "load", "MMACs", "WER", "CER", "samples"])
        for entry in entries {
            table.add([
                entry.budget.map { Markup.number($0, digits: 2) } ?? "dense",
                entry.budget == nil ? "–" : Markup.number(entry.load, digits: 3),
                Markup.number(entry.macs / 1e6, digits: 1),
                Markup.number(entry.errors.wordErrorRate, digits: 4),
                Markup.number(entry.errors.characterErrorRate, digits: 4), "\(records.count)",
            ])
        }
        return table
    }
}
