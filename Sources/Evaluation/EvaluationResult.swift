import Torch

/// An adaptive model against its dense teacher on one dataset.
public struct EvaluationResult: Sendable, Equatable {
    public let sampleCount: Int
    /// Real tokens of a sample, mean.
    public let meanTokenCount: Double
    /// Seconds of a recording, mean; nil where models do not write texts of recordings.
    public let meanDuration: Double?
    public let device: Device
    /// Multiply-accumulates of the dense model for one sample, mean over the samples.
    public let denseMacs: Double
    public let denseProbeAccuracy: Double?
    /// How the dense model's own classifier did; nil without one.
    public let denseClasses: ClassAccuracy?
    /// Between the cosines of pairs of texts in the dense model and their scores; nil without pairs.
    public let denseSpearman: Double?
    /// How the dense model's transcripts did; nil without texts of what is said.
    public let denseErrors: SpeechErrors?
    /// Those of the recordings of each language; nil where data do not tell languages.
    public let denseLanguageErrors: [String: SpeechErrors]?
    /// In the order in which the budgets were given.
    public let budgets: [BudgetResult]
    /// What was found of each sample; the first run is the dense model's.
    public let records: SampleRecords?

    public init(
        sampleCount: Int, meanTokenCount: Double, meanDuration: Double? = nil, device: Device,
        denseMacs: Double, denseProbeAccuracy: Double?, denseClasses: ClassAccuracy?,
        denseSpearman: Double? = nil, denseErrors: SpeechErrors? = nil,
        denseLanguageErrors: [String: SpeechErrors]? = nil, budgets: [BudgetResult],
        records: SampleRecords? = nil
    ) {
        self.sampleCount = sampleCount
        self.meanTokenCount = meanTokenCount
        self.meanDuration = meanDuration
        self.device = device
        self.denseMacs = denseMacs
        self.denseProbeAccuracy = denseProbeAccuracy
        self.denseClasses = denseClasses
        self.denseSpearman = denseSpearman
        self.denseErrors = denseErrors
        self.denseLanguageErrors = denseLanguageErrors
        self.budgets = budgets
        self.records = records
    }

    /// Of the dense model's own classifier; nil without one.
    public var denseAccuracy: Double? { denseClasses?.top1 }

    /// A budget's multiply-accumulates as a share of the dense model's.
    public func macShare(_ result: BudgetResult) -> Double {
        denseMacs > 0 ? result.macs / denseMacs : 0
    }

    /// The content of `results.json`.
    ///
    /// Keys: `format` (1), `samples`, `mean_tokens`, `mean_seconds` (null for what is no recording), `device`,
    /// `dense` (`macs`, `probe_accuracy`, `accuracy`, `classes` as ``ClassAccuracy/json``, `spearman`, `errors` as
    /// ``SpeechErrors/json``, `languages` with those of each) and `budgets` (see ``BudgetResult/json``). Keys are
    /// only ever added.
    public var json: JSONValue {
        [
            "format": 1, "samples": .integer(sampleCount), "mean_tokens": .number(meanTokenCount),
            "mean_seconds": meanDuration.map { .number($0) } ?? .null,
            "device": .string(device.description),
            "dense": [
                "macs": .number(denseMacs),
                "probe_accuracy": denseProbeAccuracy.map { .number($0) } ?? .null,
                "accuracy": denseAccuracy.map { .number($0) } ?? .null,
                "classes": denseClasses?.json ?? .null,
                "spearman": denseSpearman.map { .number($0) } ?? .null, "errors": denseErrors?.json ?? .null,
                "languages": SpeechErrors.json(denseLanguageErrors),
            ],
            "budgets": .array(budgets.map(\.json)),
        ]
    }
}
