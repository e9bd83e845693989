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
        /// The likeliest class of each sample that could be read, in the order of the data.
        public let predictions: [Int]
    }

    public let device: Device
    /// The true class of each sample that could be read, in the order of the data.
    public let labels: [Int]
    private let classNames: [String]
    public let entries: [Entry]

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
        let rows: [Double?] = model.isAdaptive ? budgets : [nil]
        classNames = dataset.classNames ?? []
        var labels: [Int] = []
        entries = try rows.map { budget in
            let samples = try collector.collect(model, budget: budget ?? 1)
            guard let classes = samples.classes, let predictions = samples.predictions else {
                throw EvaluationError.mismatch(
                    "Accuracy needs labelled data and a model with a classifier; "
                        + (samples.labels == nil ? "the data has no labels" : "the model gives no logits"))
            }
            labels = try samples.labels?.array(of: Int.self) ?? []
            return Entry(
                budget: budget, load: budget == nil ? 1 : samples.meter.load, macs: try samples.macs(model),
                classes: classes, predictions: try predictions.array(of: Int.self))
        }
        self.labels = labels
    }

    /// Keys: `format` (1), `device`, `results`: for each row `budget` (null for a dense model), `load`,
    /// `macs`, `classes` (see ``ClassAccuracy/json``).
    public var json: JSONValue {
        [
            "format": 1, "device": .string(device.description),
            "results": .array(
                entries.map {
                    [
                        "budget": $0.budget.map { .number($0) } ?? .null, "load": .number($0.load),
                        "macs": .number($0.macs), "classes": $0.classes.json,
                    ]
                }),
        ]
    }

    /// The names of each sample's classes, in columns parted by tabs: `label`, and what was predicted at each
    /// budget; `dense` for a dense model.
    public var predictions: String {
        func name(_ number: Int) -> String {
            classNames.indices.contains(number) ? classNames[number] : "\(number)"
        }
        let columns = entries.map { $0.budget.map { "\($0)" } ?? "dense" }
        let rows = labels.indices.map { sample in
            [name(labels[sample])] + entries.map { name($0.predictions[sample]) }
        }
        return ([["label"] + columns] + rows).map { $0.joined(separator: "\t") + "\n" }.joined()
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
