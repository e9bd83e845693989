import AdaptiveComputation
import Datasets
import Torch
import Transformers

/// Measures an adaptive model against the dense model it came from.
///
/// ```swift
/// let evaluator = try Evaluator(model, dense: teacher, dataset: test)
/// let probe = try evaluator.fitProbe(on: train)
/// let result = try evaluator.evaluate(budgets: [0.25, 0.5, 1], probe: probe)
/// try result.json.write(to: folder.appendingPathComponent("results.json"))
/// ```
public struct Evaluator {
    public let model: AdaptiveModel
    public let dense: AdaptiveModel
    public let options: EvaluationOptions
    private let collector: SampleCollector
    private let pairScores: [Double]?

    /// Moves both models to the device.
    ///
    /// - Throws: ``EvaluationError/tooFewSamples(needed:found:)`` for fewer than two samples.
    public init(
        _ model: AdaptiveModel, dense: AdaptiveModel, dataset: any Dataset,
        options: EvaluationOptions = EvaluationOptions()
    ) throws {
        pairScores = (dataset.root as? TextDataset)?.pairScores
        var options = options
        // Both texts of a pair are needed.
        if pairScores != nil { options.embeddedSampleCount = dataset.count }
        self.model = model
        self.dense = dense
        self.options = options
        collector = try SampleCollector(dataset, options)
        try model.network.move(to: options.device)
        try dense.network.move(to: options.device)
    }

    /// A linear probe on the dense model's embeddings of other, labelled samples; nil where they have
    /// no labels.
    public func fitProbe(on training: any Dataset) throws -> LinearProbe? {
        guard let classCount = training.classNames?.count else { return nil }
        var options = options
        options.embeddedSampleCount = training.count
        options.parts = nil
        let run = CollectedRun(model: dense, budget: nil)
        let found = try SampleCollector(training, options).collect([run], SampleScorer(embeds: true))
        guard !found.labels.isEmpty else { return nil }
        return try LinearProbe(
            embeddings: .concatenated(found.runs[0].embeddings), labels: Tensor(found.labels),
            classCount: classCount)
    }

    /// Runs both models over the dataset, the adaptive one at every budget, then times them. Each batch is
    /// loaded once.
    ///
    /// - Parameters:
    ///   - budgets: loads that are asked for, each 0…1.
    ///   - probe: fitted on dense embeddings of other samples; the same for all budgets.
    ///   - speech: how transcripts are made and compared; nil makes none.
    /// - Throws: ``EvaluationError/invalidBudget(_:)``, and what models and files throw.
    public func evaluate(
        budgets: [Double], probe: LinearProbe? = nil, speech: SpeechScoring? = nil
    ) throws -> EvaluationResult {
        if let wrong = budgets.first(where: { !(0...1).contains($0) }) {
            throw EvaluationError.invalidBudget(wrong)
        }
        let runs =
            [CollectedRun(model: dense, budget: nil)] + budgets.map { CollectedRun(model: model, budget: $0) }
        var scorer = SampleScorer(embeds: true)
        scorer.probe = probe
        scorer.hears(speech, collector.dataset)
        var found = try collector.collect(runs, scorer)
        try addNeighbours(&found)
        try addSimilarities(&found)
        let records = try SampleRecords(
            found, budgets: runs.map(\.budget), fingerprint: collector.dataset.fingerprint)
        let times = try collector.time(runs)
        let results = try budgets.indices.map { index in
            let (run, place) = (runs[index + 1], index + 1)
            let meter = try run.meter(found.runs[place])
            let values = records.runs[place]
            let cost = try run.cost(records.tokenCounts, loads: values.values[.load], meter)
            return BudgetResult(
                budget: budgets[index], load: cost.load, macs: cost.macs,
                meanCosine: Quality.cosine.value(values) ?? .nan,
                neighbourAgreement: Quality.neighbours.value(values) ?? .nan,
                probeAccuracy: Quality.probe.value(values),
                classes: ClassAccuracy(values, classCount: collector.dataset.classNames?.count),
                spearman: Quality.spearman.value(values), errors: SpeechErrors(values),
                millisecondsPerSample: times?[place],
                denseMillisecondsPerSample: times?[0], modules: meter.modules,
                drift: model.calibration.flatMap {
                    DriftMonitor.drift(of: meter, from: $0, budget: budgets[index])
                })
        }
        let reference = records.runs[0]
        return EvaluationResult(
            sampleCount: records.count,
            meanTokenCount: Double(records.tokenCounts.reduce(0, +)) / Double(max(records.count, 1)),
            device: options.device,
            denseMacs: try runs[0].cost(records.tokenCounts, loads: nil, LoadMeter([])).macs,
            denseProbeAccuracy: Quality.probe.value(reference),
            denseClasses: ClassAccuracy(reference, classCount: collector.dataset.classNames?.count),
            denseSpearman: Quality.spearman.value(reference), denseErrors: SpeechErrors(reference),
            budgets: results, records: records)
    }

    /// Whether the nearest neighbour of each embedded sample is the one that the dense model gives.
    private func addNeighbours(_ part: inout EvaluationPart) throws {
        guard part.embedded.count > 1 else { return }
        let wanted = try EmbeddingFidelity.nearestNeighbours(.concatenated(part.runs[0].embeddings))
        let places = Dictionary(uniqueKeysWithValues: part.numbers.enumerated().map { ($1, $0) })
        for place in part.runs.indices.dropFirst() {
            let found = try EmbeddingFidelity.nearestNeighbours(.concatenated(part.runs[place].embeddings))
            let same = try found.equals(wanted).to(nil, .float32).array(of: Float.self)
            var values = [Float](repeating: .nan, count: part.numbers.count)
            for (number, value) in zip(part.embedded, same) {
                if let index = places[number] { values[index] = value }
            }
            part.runs[place].values[.neighbour] = values
        }
    }

    /// The cosine between the embeddings of the two texts of each pair, beside its score.
    private func addSimilarities(_ part: inout EvaluationPart) throws {
        guard let pairScores else { return }
        let rows = Dictionary(uniqueKeysWithValues: part.embedded.enumerated().map { ($1, $0) })
        let pairs = part.numbers.enumerated().compactMap { place, number in
            number.isMultiple(of: 2)
                ? rows[number].flatMap { first in
                    rows[number + 1].map { (place: place, number: number, first: first, second: $0) }
                } : nil
        }
        let nothing = [Float](repeating: .nan, count: part.numbers.count)
        for run in part.runs.indices where !pairs.isEmpty {
            let embeddings = try Tensor.concatenated(part.runs[run].embeddings)
            let cosines = try Loss.cosineSimilarity(
                embeddings.entries(Tensor(pairs.map(\.first))),
                embeddings.entries(Tensor(pairs.map(\.second)))
            ).array(of: Float.self)
            var (similarities, scores) = (nothing, nothing)
            for (pair, cosine) in zip(pairs, cosines) {
                similarities[pair.place] = cosine
                scores[pair.place] = Float(pairScores[pair.number / 2])
            }
            part.runs[run].values[.similarity] = similarities
            part.runs[run].values[.score] = scores
        }
    }
}
