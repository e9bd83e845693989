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

    /// Moves both models to the device.
    ///
    /// - Throws: ``EvaluationError/tooFewSamples(needed:found:)`` for fewer than two samples.
    public init(
        _ model: AdaptiveModel, dense: AdaptiveModel, dataset: any Dataset,
        options: EvaluationOptions = EvaluationOptions()
    ) throws {
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
        let samples = try SampleCollector(training, options).collect(dense)
        return try samples.labels.map {
            try LinearProbe(embeddings: samples.embeddings, labels: $0, classCount: classCount)
        }
    }

    /// Runs both models over the dataset, the adaptive one at every budget, then times them.
    ///
    /// - Parameters:
    ///   - budgets: loads that are asked for, each 0…1.
    ///   - probe: fitted on dense embeddings of other samples; the same for all budgets.
    /// - Throws: ``EvaluationError/invalidBudget(_:)``, and what models and files throw.
    public func evaluate(budgets: [Double], probe: LinearProbe? = nil) throws -> EvaluationResult {
        if let wrong = budgets.first(where: { !(0...1).contains($0) }) {
            throw EvaluationError.invalidBudget(wrong)
        }
        let reference = try collector.collect(dense)
        let neighbours = try EmbeddingFidelity.nearestNeighbours(reference.embeddings)
        let samples = try budgets.map { try collector.collect(model, budget: $0) }
        let times = try time(budgets: budgets)
        let results = try budgets.indices.map { index in
            let sample = samples[index]
            return BudgetResult(
                budget: budgets[index], load: sample.meter.load, macs: try sample.macs(model),
                meanCosine: try EmbeddingFidelity.meanCosine(sample.embeddings, reference.embeddings),
                neighbourAgreement: try EmbeddingFidelity.agreement(
                    EmbeddingFidelity.nearestNeighbours(sample.embeddings), neighbours),
                probeAccuracy: try accuracy(probe, sample), classes: sample.classes,
                millisecondsPerSample: times?[index + 1], denseMillisecondsPerSample: times?[0],
                modules: sample.meter.modules,
                drift: model.calibration.flatMap {
                    DriftMonitor.drift(of: sample.meter, from: $0, budget: budgets[index])
                })
        }
        let tokenCount = reference.tokenCounts.reduce(0, +)
        return EvaluationResult(
            sampleCount: reference.tokenCounts.count,
            meanTokenCount: Double(tokenCount) / Double(max(reference.tokenCounts.count, 1)),
            device: options.device, denseMacs: try reference.macs(dense),
            denseProbeAccuracy: try accuracy(probe, reference), denseClasses: reference.classes,
            budgets: results)
    }

    private func accuracy(_ probe: LinearProbe?, _ samples: CollectedSamples) throws -> Double? {
        guard let probe, let labels = samples.labels else { return nil }
        return try probe.accuracy(samples.embeddings, labels: labels)
    }

    /// Milliseconds a sample of the dense model and then of each budget, over the same batches in
    /// turns; nil where nothing is to be timed.
    private func time(budgets: [Double]) throws -> [Double]? {
        guard options.timedRepeatCount > 0 else { return nil }
        let count = min(options.timedBatchCount, collector.batches.count)
        let numbers = (0..<count).map { $0 * collector.batches.count / count }
        let sampleCount = numbers.reduce(0) { $0 + collector.batches[$1].count }
        // Read before the clock runs: only the models are timed.
        let denseInputs = try numbers.map { try collector.batch($0, for: dense).inputs }
        let inputs = try numbers.map { try collector.batch($0, for: model).inputs }
        let device = options.device
        func job(_ model: AdaptiveModel, _ inputs: [ModelInputs], _ budget: Double) -> () throws -> Void {
            {
                for input in inputs { _ = try model(input, AdaptivePass(budget: budget)) }
                try device.synchronize()
            }
        }
        let jobs = [job(dense, denseInputs, 1)] + budgets.map { job(model, inputs, $0) }
        let timings = try withoutGradients {
            try InterleavedTiming.measure(repeatCount: options.timedRepeatCount, jobs)
        }
        return timings.map { $0.median / Double(max(sampleCount, 1)) }
    }
}
