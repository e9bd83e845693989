import AdaptiveComputation
import Datasets
import Torch
import Transformers

/// Runs models over a dataset and keeps what quality and cost are computed from.
///
/// Every batch is loaded once and given to all runs. Samples of like length share a batch. Memory grows with some
/// numbers for each sample, and with the embeddings of a bounded number of samples.
struct SampleCollector {
    let dataset: any Dataset
    let batches: [[Int]]
    let options: EvaluationOptions
    /// The share of the samples whose embeddings are kept.
    private let embeddedShare: Double

    init(_ dataset: any Dataset, _ options: EvaluationOptions) throws {
        guard dataset.count > 1 else {
            throw EvaluationError.tooFewSamples(needed: 2, found: dataset.count)
        }
        self.dataset = dataset
        self.options = options
        embeddedShare = min(1, Double(options.embeddedSampleCount) / Double(dataset.count))
        batches = dataset.batchesByLength(size: options.batchSize)
    }

    /// A batch on the device, its floating-point inputs in the model's type.
    func batch(_ number: Int, for model: AdaptiveModel) throws -> Batch {
        try dataset.batch(batches[number]).to(options.device, type(of: model))
    }

    private func type(of model: AdaptiveModel) -> DataType? {
        model.network.namedParameters().first?.tensor.dataType
    }

    /// Runs all batches without gradients, once with each of the runs.
    ///
    /// - Parameters:
    ///   - runs: the models at their budgets.
    ///   - scorer: what is measured of each sample.
    func collect(_ runs: [CollectedRun], _ scorer: SampleScorer) throws -> EvaluationPart {
        var whole = EvaluationPart(runCount: runs.count)
        for tensors in try options.parts?.read() ?? [] {
            whole.append(try EvaluationPart(tensors, runCount: runs.count))
        }
        try withoutGradients {
            let rest = batchesLeft(after: whole.numbers)
            let loader = try BatchLoader(
                dataset, .inOrder(rest), device: options.device,
                type: runs.first.flatMap { type(of: $0.model) },
                options: options.loading)
            var scorer = scorer
            var fresh = EvaluationPart(runCount: runs.count)
            var saved = ContinuousClock.now
            if !whole.numbers.isEmpty { options.report(whole.numbers.count, dataset.count) }
            while let batch = try loader.next() {
                fresh.append(try measure(batch, runs, &scorer))
                options.report(whole.numbers.count + fresh.numbers.count, dataset.count)
                guard let parts = options.parts, saved.duration(to: .now) > options.partDuration else {
                    continue
                }
                try parts.write(
                    fresh.tensors(), from: whole.numbers.count,
                    StoppedEvaluation.facts(runs.map(\.budget), dataset))
                whole.append(fresh)
                fresh = EvaluationPart(runCount: runs.count)
                saved = .now
            }
            whole.append(fresh)
        }
        guard whole.numbers.count > 1 else {
            throw EvaluationError.tooFewSamples(needed: 2, found: whole.numbers.count)
        }
        return whole
    }

    /// The batches behind the last that has one of the samples.
    private func batchesLeft(after done: [Int]) -> [[Int]] {
        let done = Set(done)
        let last = batches.lastIndex { $0.contains { done.contains(dataset.number(of: $0)) } }
        return Array(batches[(last.map { $0 + 1 } ?? 0)...])
    }

    private func measure(
        _ batch: Batch, _ runs: [CollectedRun], _ scorer: inout SampleScorer
    ) throws -> EvaluationPart {
        var part = EvaluationPart(runCount: runs.count)
        part.numbers = batch.indices
        let kept = batch.indices.enumerated().filter { isEmbedded($0.element) }
        part.embedded = kept.map(\.element)
        // Texts of recordings are labels of another kind.
        let labels = batch.labels.flatMap { $0.rank == 1 ? $0 : nil }
        part.labels = try labels?.to(.cpu).array(of: Int.self) ?? []
        for (place, run) in runs.enumerated() {
            let scores = try scorer.score(run, batch, labels: labels, isFirst: place == 0)
            part.runs[place].values = scores.values
            if place == 0 { part.tokenCounts = scores.tokenCounts }
            part.runs[place].histograms = scores.histograms
            if let embeddings = scores.embeddings, !kept.isEmpty {
                part.runs[place].embeddings = [try embeddings.entries(Tensor(kept.map(\.offset)))]
            }
        }
        return part
    }

    /// Whether a sample's embedding is kept; its number decides.
    private func isEmbedded(_ number: Int) -> Bool {
        var generator = SplitMix64(seed: UInt64(number))
        return generator.unit() < embeddedShare
    }
}

extension Dataset {
    /// What `Batch.indices` calls the sample at a place.
    func number(of place: Int) -> Int {
        guard let subset = self as? SampleSubset else { return place }
        return subset.base.number(of: subset.numbers[place])
    }

    /// Where the samples are that `Batch.indices` names.
    var root: any Dataset { (self as? SampleSubset)?.base.root ?? self }
}
