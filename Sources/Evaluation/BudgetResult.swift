import AdaptiveComputation
import Torch
import Transformers

/// What an adaptive model gave at one budget.
public struct BudgetResult: Sendable, Equatable {
    /// The load that was asked for.
    public let budget: Double
    /// The load that the gates chose; see `LoadMeter.load`.
    public let load: Double
    /// Multiply-accumulates of one sample, mean over the samples at their real lengths.
    public let macs: Double
    /// Mean cosine between the embeddings of this and of the dense model; NaN where none are made.
    public let meanCosine: Double
    /// Share of the samples whose nearest neighbour is the one that the dense model gives them; NaN where no
    /// embeddings are made.
    public let neighbourAgreement: Double
    /// Accuracy of a probe that was fitted on embeddings of the dense model; nil without one.
    public let probeAccuracy: Double?
    /// How the model's own classifier did; nil without one.
    public let classes: ClassAccuracy?
    /// Between the cosines of pairs of texts and their scores; nil without pairs.
    public let spearman: Double?
    /// How the model's transcripts did; nil without texts of what is said.
    public let errors: SpeechErrors?
    /// Those of the recordings of each language; nil where data do not tell languages.
    public let languageErrors: [String: SpeechErrors]?
    /// Median over interleaved repeats; nil where nothing was timed.
    public let millisecondsPerSample: Double?
    /// Of the dense model in the same repeats.
    public let denseMillisecondsPerSample: Double?
    public let modules: [ModuleLoad]
    /// How far the gates' choices are from those on calibration data; nil for a model without calibration.
    public let drift: DriftMonitor.Drift?

    public init(
        budget: Double, load: Double, macs: Double, meanCosine: Double, neighbourAgreement: Double,
        probeAccuracy: Double?, classes: ClassAccuracy?, spearman: Double? = nil,
        errors: SpeechErrors? = nil, languageErrors: [String: SpeechErrors]? = nil,
        millisecondsPerSample: Double?, denseMillisecondsPerSample: Double?, modules: [ModuleLoad],
        drift: DriftMonitor.Drift? = nil
    ) {
        self.budget = budget
        self.load = load
        self.macs = macs
        self.meanCosine = meanCosine
        self.neighbourAgreement = neighbourAgreement
        self.probeAccuracy = probeAccuracy
        self.classes = classes
        self.spearman = spearman
        self.errors = errors
        self.languageErrors = languageErrors
        self.millisecondsPerSample = millisecondsPerSample
        self.denseMillisecondsPerSample = denseMillisecondsPerSample
        self.modules = modules
        self.drift = drift
    }

    /// Of the model's own classifier; nil without one.
    public var accuracy: Double? { classes?.top1 }

    /// For each module, at index k, the number of tokens that ran k learners.
    public var histograms: [SlotPlace: [Int]] {
        Dictionary(modules.map { ($0.place, $0.histogram) }, uniquingKeysWith: { first, _ in first })
    }

    /// The modules whose gate gives nearly every token the same choice (see
    /// `LoadMeter.collapseThreshold`), unless that is what was asked for: all learners at budget 1.
    public var collapsed: [SlotPlace] { LoadMeter(modules).collapsed(budget: budget) }

    /// Dense time divided by this time: above 1 this model is the faster one.
    public var speedup: Double? {
        guard let millisecondsPerSample, let denseMillisecondsPerSample, millisecondsPerSample > 0
        else { return nil }
        return denseMillisecondsPerSample / millisecondsPerSample
    }

    /// Keys: `budget`, `load`, `macs`, `mean_cosine`, `neighbour_agreement`, `probe_accuracy`,
    /// `accuracy`, `classes` (see ``ClassAccuracy/json``), `spearman`, `errors` (see ``SpeechErrors/json``),
    /// `languages` (the same of each language, null where data do not tell them), `milliseconds_per_sample`,
    /// `dense_milliseconds_per_sample` (null where not measured), `collapsed` (places), `drift` (see
    /// `DriftMonitor.Drift.json`), `modules` (see `ModuleLoad.json`).
    public var json: JSONValue {
        [
            "budget": .number(budget), "load": .number(load), "macs": .number(macs),
            "mean_cosine": optional(meanCosine), "neighbour_agreement": optional(neighbourAgreement),
            "probe_accuracy": optional(probeAccuracy), "accuracy": optional(accuracy),
            "classes": classes?.json ?? .null, "spearman": optional(spearman),
            "errors": errors?.json ?? .null, "languages": SpeechErrors.json(languageErrors),
            "milliseconds_per_sample": optional(millisecondsPerSample),
            "dense_milliseconds_per_sample": optional(denseMillisecondsPerSample),
            "collapsed": .array(collapsed.map { .string($0.description) }),
            "drift": drift?.json ?? .null,
            "modules": .array(modules.map(\.json)),
        ]
    }

    private func optional(_ value: Double?) -> JSONValue {
        value.flatMap { $0.isNaN ? nil : .number($0) } ?? .null
    }
}
