import AdaptiveComputation
import Datasets
import Torch

/// How a recogniser of letters does on recordings with texts, by itself: dense, or converted and at several
/// budgets.
public struct RecogniserEvaluation: Sendable, Equatable {
    public let device: Device
    public let entries: [BudgetedQuality<SpeechErrors>]
    /// What was found of each recording.
    public let records: SampleRecords

    /// Runs the model over the data, once for each budget.
    ///
    /// - Parameters:
    ///   - model: a recogniser; it is moved to the device.
    ///   - dataset: recordings with texts.
    ///   - speech: how transcripts are made and compared.
    ///   - budgets: each 0…1; a dense model runs once, whatever they are.
    ///   - options: how it runs, and what is timed.
    /// - Throws: ``EvaluationError`` for budgets out of range, fewer than two recordings and data without
    ///   texts; what models and files throw.
    public init(
        _ model: AdaptiveModel, _ dataset: any Dataset, _ speech: SpeechScoring, budgets: [Double],
        options: EvaluationOptions = EvaluationOptions()
    ) throws {
        device = options.device
        var scorer = SampleScorer()
        scorer.hears(speech, dataset)
        (entries, records) = try BudgetedQuality.measured(
            model, dataset, budgets: budgets, options, scorer
        ) { run in
            guard let errors = SpeechErrors(run) else {
                throw EvaluationError.mismatch(
                    "Word error rates need recordings with texts and a recogniser of letters")
            }
            return errors
        }
    }

    /// Keys: `format` (1), `device`, `samples`, `mean_tokens` (frames of a recording), `results`: for each row
    /// `errors` (see ``SpeechErrors/json``) and what ``BudgetedQuality`` has.
    public var json: JSONValue {
        [
            "format": 1, "device": .string(device.description), "samples": .integer(records.count),
            "mean_tokens": .number(
                Double(records.tokenCounts.reduce(0, +)) / Double(max(records.count, 1))),
            "results": .array(entries.map { $0.json("errors", $0.quality.json) }),
        ]
    }

    public var table: ColumnTable {
        BudgetedQuality.table(entries, ["WER", "CER"], sampleCount: records.count) { errors in
            [errors.wordErrorRate, errors.characterErrorRate].map { Markup.number($0, digits: 4) }
        }
    }
}
