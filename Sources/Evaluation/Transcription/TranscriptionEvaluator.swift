import AdaptiveComputation
import Datasets
import Torch
import Transformers

/// Measures a converted Whisper against the dense one by what they write of recordings.
///
/// Every recording is heard by the dense model and by the converted one at every budget, in turns and one at a
/// time, so that a change of the machine's speed meets all of them alike.
public struct TranscriptionEvaluator {
    private let collector: SampleCollector
    private let listener: RecordingListener
    private let normalization: ErrorRate.Normalization
    private let options: EvaluationOptions

    /// - Parameters:
    ///   - model: the converted one, on the device.
    ///   - dense: that it came from, on the device.
    ///   - dataset: recordings with what is said in them.
    ///   - request: the language and the task.
    ///   - normalization: what is made alike before texts are compared.
    ///   - options: how it runs; of its batch size nothing depends.
    /// - Throws: ``EvaluationError/mismatch(_:)`` for other data,
    ///   ``EvaluationError/tooFewSamples(needed:found:)`` for fewer than two recordings.
    public init(
        _ model: SpeechTranscriber, dense: SpeechTranscriber, dataset: any Dataset,
        request: WhisperRequest = WhisperRequest(), normalization: ErrorRate.Normalization,
        options: EvaluationOptions = EvaluationOptions()
    ) throws {
        guard let recordings = dataset.root as? AudioDataset, recordings.text(of: 0) != nil else {
            throw EvaluationError.mismatch("Error rates need recordings with what is said in them")
        }
        var options = options
        options.batchSize = 1
        collector = try SampleCollector(dataset, options)
        listener = RecordingListener(model, dense: dense, recordings, request)
        self.normalization = normalization
        self.options = options
    }

    /// - Parameter budgets: loads that are asked for, each 0…1.
    /// - Throws: ``EvaluationError/invalidBudget(_:)``, and what models and files throw.
    public func evaluate(budgets: [Double]) throws -> EvaluationResult {
        if let wrong = budgets.first(where: { !(0...1).contains($0) }) {
            throw EvaluationError.invalidBudget(wrong)
        }
        let runs =
            [CollectedRun(model: listener.dense.model, budget: nil)]
            + budgets.map { CollectedRun(model: listener.model.model, budget: $0) }
        var scorer = SampleScorer()
        scorer.listener = listener
        scorer.normalization = normalization
        scorer.text = { [recordings = listener.recordings] in recordings.text(of: $0) }
        let found = try collector.collect(runs, scorer)
        let records = try SampleRecords(
            found, budgets: runs.map(\.budget), fingerprint: collector.dataset.fingerprint)
        func mean(_ measure: Measure, _ place: Int) -> Double? {
            records.runs[place].values[measure].flatMap { SampleTerms($0.map(Double.init)).value }
        }
        let languages = records.numbers.map(listener.recordings.language(of:))
        let results = try budgets.indices.map { index in
            let place = index + 1
            let meter = try runs[place].meter(found.runs[place])
            return BudgetResult(
                budget: budgets[index], load: meter.load, macs: mean(.macs, place) ?? .nan, meanCosine: .nan,
                neighbourAgreement: .nan, probeAccuracy: nil, classes: nil,
                errors: SpeechErrors(records.runs[place]),
                languageErrors: SpeechErrors.byLanguage(records.runs[place], languages),
                millisecondsPerSample: mean(.milliseconds, place),
                denseMillisecondsPerSample: mean(.milliseconds, 0), modules: meter.modules,
                drift: listener.model.model.calibration.flatMap {
                    DriftMonitor.drift(of: meter, from: $0, budget: budgets[index])
                })
        }
        return EvaluationResult(
            sampleCount: records.count,
            meanTokenCount: Double(records.tokenCounts.reduce(0, +)) / Double(max(records.count, 1)),
            meanDuration: mean(.duration, 0), device: options.device, denseMacs: mean(.macs, 0) ?? .nan,
            denseProbeAccuracy: nil, denseClasses: nil, denseErrors: SpeechErrors(records.runs[0]),
            denseLanguageErrors: SpeechErrors.byLanguage(records.runs[0], languages),
            budgets: results, records: records)
    }

    /// Looks closer at the cheapest, the costliest and the worst recordings of an evaluation; see
    /// ``ExampleCollector/collect(_:count:)``.
    public func examples(_ records: SampleRecords) throws -> [SampleExample] {
        try ExampleCollector(listener, normalization).collect(records)
    }
}
