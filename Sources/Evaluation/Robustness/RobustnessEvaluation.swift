import AdaptiveComputation
import Datasets
import Torch

/// Measures classifiers on corrupted images. Every image is read once and corrupted in memory; each corruption at
/// each severity goes to all runs.
public struct RobustnessEvaluation {
    private struct Condition {
        let corruption: Corruption?
        let severity: Int
    }

    private let runs: [CollectedRun]
    private let images: RawImages
    private let conditions: [Condition]
    private let options: EvaluationOptions

    /// Moves the models to the device.
    ///
    /// - Parameters:
    ///   - model: a classifier, adaptive or dense.
    ///   - dense: that it came from, to compare with; nil for none.
    ///   - dataset: labelled images.
    ///   - budgets: each 0…1; a dense model runs once, whatever they are.
    ///   - corruptions: at each of the severities, beside the clean images.
    ///   - severities: each 1…5.
    ///   - options: batch size, device and parts; nothing is timed.
    /// - Throws: ``EvaluationError`` for budgets out of range and data without labels.
    public init(
        _ model: AdaptiveModel, dense: AdaptiveModel?, dataset: any Dataset, budgets: [Double],
        corruptions: [Corruption], severities: [Int], options: EvaluationOptions = EvaluationOptions()
    ) throws {
        if let wrong = budgets.first(where: { !(0...1).contains($0) }) {
            throw EvaluationError.invalidBudget(wrong)
        }
        guard dataset.classNames != nil else {
            throw EvaluationError.mismatch("Corruptions are judged by labels, but the data has none")
        }
        let reference = dense ?? (model.isAdaptive ? nil : model)
        runs =
            (reference.map { [CollectedRun(model: $0, budget: nil)] } ?? [])
            + (model.isAdaptive ? budgets.map { CollectedRun(model: model, budget: $0) } : [])
        for run in runs { try run.model.network.move(to: options.device) }
        images = RawImages(base: dataset)
        conditions =
            [Condition(corruption: nil, severity: 0)]
            + corruptions.flatMap { corruption in
                severities.map { Condition(corruption: corruption, severity: $0) }
            }
        self.options = options
    }

    /// What one run counted under one condition.
    private struct Counts {
        var samples = 0
        var errors = 0
        var meter: LoadMeter
    }

    /// - Throws: ``EvaluationError`` for a model without a classifier or samples that are no images; what models and
    ///   files throw.
    public func evaluate() throws -> RobustnessResult {
        var counts = conditions.map { _ in runs.map { Counts(meter: LoadMeter($0.model)) } }
        var done = 0
        if let state = try options.parts?.read().last { done = try restore(state, &counts) }
        let batches = images.batchesInOrder(size: options.batchSize)
        let type = runs.first?.model.network.namedParameters().first?.tensor.dataType
        try withoutGradients {
            let loader = try BatchLoader(
                images, .inOrder(batches), from: done, device: options.device, options: options.loading)
            var saved = ContinuousClock.now
            while let raw = try loader.next() {
                try count(raw, type, &counts)
                // Batches without an image that can be read were passed over.
                let place = batches[done...].firstIndex {
                    $0.contains { images.base.number(of: $0) == raw.indices.first }
                }
                done = (place ?? done) + 1
                options.report(min(done * options.batchSize, images.count), images.count)
                guard let parts = options.parts, saved.duration(to: .now) > options.partDuration else {
                    continue
                }
                try parts.write(state(done, counts), from: 0)
                saved = .now
            }
        }
        return RobustnessResult(
            cells: zip(conditions, counts).flatMap { condition, counts in
                zip(runs, counts).map { cell(condition, $0, $1) }
            })
    }

    private func count(_ raw: Batch, _ type: DataType?, _ counts: inout [[Counts]]) throws {
        guard let labels = raw.labels else { return }
        for (place, condition) in conditions.enumerated() {
            let batch = try images.finished(raw, condition.corruption, severity: condition.severity)
                .to(options.device, type)
            for (number, run) in runs.enumerated() {
                let pass = AdaptivePass(budget: run.budget ?? 1)
                guard let logits = try run.model(batch.inputs, pass)["logits"], logits.rank == 2 else {
                    throw EvaluationError.mismatch("Corruptions need a model with a classifier")
                }
                let right = try logits.argMax(axis: -1).equals(labels).to(nil, .int64).sum().item(Int.self)
                counts[place][number].samples += raw.indices.count
                counts[place][number].errors += raw.indices.count - right
                try counts[place][number].meter.add(pass)
            }
        }
    }

    private func cell(_ condition: Condition, _ run: CollectedRun, _ counts: Counts) -> RobustnessResult.Cell
    {
        let drift = run.budget.flatMap { budget in
            run.model.calibration.flatMap { DriftMonitor.drift(of: counts.meter, from: $0, budget: budget) }
        }
        let tokens = counts.meter.modules.first?.tokenCount ?? 0
        return .init(
            corruption: condition.corruption?.rawValue, severity: condition.severity, budget: run.budget,
            sampleCount: counts.samples, errorCount: counts.errors, load: counts.meter.load,
            drift: drift?.divergence,
            isAlarm: (drift?.divergence ?? 0) > DriftMonitor.defaultThreshold
                && tokens >= DriftMonitor.defaultLeastTokenCount)
    }

    /// All counts as one row of numbers, with the batches done before them.
    private func state(_ done: Int, _ counts: [[Counts]]) throws -> [(name: String, tensor: Tensor)] {
        let numbers = counts.joined().flatMap {
            [$0.samples, $0.errors] + $0.meter.modules.flatMap(\.histogram)
        }
        return [("counts", try Tensor([done] + numbers))]
    }

    /// - Returns: the batches done.
    private func restore(_ tensors: [String: Tensor], _ counts: inout [[Counts]]) throws -> Int {
        var numbers = try tensors["counts"]?.array(of: Int.self)[...] ?? []
        func next() throws -> Int {
            guard let number = numbers.popFirst() else {
                throw EvaluationError.mismatch("A part of an evaluation has too few counts")
            }
            return number
        }
        let done = try next()
        for place in counts.indices {
            for run in counts[place].indices {
                counts[place][run].samples = try next()
                counts[place][run].errors = try next()
                try counts[place][run].meter.replaceCounts { old in try old.map { _ in try next() } }
            }
        }
        return done
    }
}
