import AdaptiveComputation
import Datasets
import Torch

/// How a classifier does on labelled data, by itself: dense, or converted and at several budgets.
public struct ClassifierEvaluation: Sendable, Equatable {
    public let device: Device
    public let entries: [BudgetedQuality<ClassAccuracy>]
    /// What was found of each sample.
    public let records: SampleRecords

    /// Runs the model over the data, once for each budget.
    ///
    /// - Parameters:
    ///   - model: a classifier; it is moved to the device.
    ///   - dataset: labelled samples.
    ///   - budgets: each 0…1; a dense model runs once, whatever they are.
    ///   - options: how it runs, and what is timed.
    /// - Throws: ``EvaluationError`` for budgets out of range, fewer than two samples, data without labels
    ///   and models without a classifier; what models and files throw.
    public init(
        _ model: AdaptiveModel, _ dataset: any Dataset, budgets: [Double],
        options: EvaluationOptions = EvaluationOptions()
    ) throws {
        device = options.device
        (entries, records) = try BudgetedQuality.measured(
            model, dataset, budgets: budgets, options, SampleScorer()
        ) { run in
            guard let classes = ClassAccuracy(run, classCount: dataset.classNames?.count) else {
                throw EvaluationError.mismatch(
                    "Accuracy needs labelled data and a model with a classifier; "
                        + (dataset.classNames == nil
                            ? "the data has no labels" : "the model gives no logits"))
            }
            return classes
        }
    }

    /// Keys: `format` (1), `device`, `results`: for each row `classes` (see ``ClassAccuracy/json``) and what
    /// ``BudgetedQuality`` has.
    public var json: JSONValue {
        [
            "format": 1, "device": .string(device.description),
            "results": .array(entries.map { $0.json("classes", $0.quality.json) }),
        ]
    }

    public var table: ColumnTable {
        BudgetedQuality.table(
            entries, entries.first?.quality.header ?? [],
            sampleCount: entries.first?.quality.sampleCount ?? 0, cells: \.cells)
    }
}
