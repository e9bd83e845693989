import AdaptiveComputation
import Baselines
import Conversion
import Datasets
import Evaluation
import Foundation
import Preprocessing
import Torch
import Transformers

extension Evaluate {
    /// Quality, load and cost of a converted model against the dense one.
    func evaluate(against dense: String, _ data: String, _ badSamples: BadSamples) throws {
        let folder = URL(fileURLWithPath: model)
        let (adaptive, device, _) = try options.load(model)
        guard !(adaptive.network is EarlyExitModel || adaptive.network is TokenHaltingModel) else {
            throw ConversionError.order(
                "\(model) has no vectors of all samples to compare: leave --dense out and give labelled data")
        }
        guard !drift || adaptive.calibration != nil else {
            throw ConversionError.order(
                "\(model) is not calibrated, so that no drift can be told: acm calibrate does it")
        }
        let teacher = try options.loadDense(dense, of: adaptive, model)
        // A smaller dense model may have other blocks, but not other vectors.
        let widths = [adaptive, teacher].map { $0.network.dimensions.stacks.last?.width }
        guard
            adaptive.isAdaptive
                || widths[0] == widths[1] && adaptive.network.configuration != teacher.network.configuration
        else {
            throw ConversionError.order(
                "\(model) is a dense model: give its conversion, and itself with --dense")
        }
        let test = try open(data, split ?? "test", folder, limit: samples, badSamples)
        let task = try ModelFolder.architecture(folder).task
        if task == .generation {
            return try evaluateTranscripts(adaptive, teacher, device, test, dense: dense)
        }
        let output = output("dense", adaptive, test)
        let evaluator = try Evaluator(
            adaptive, dense: teacher, dataset: test, options: evaluationOptions(output, device))
        let probe = try probeSplit == "none" ? nil : fitProbe(evaluator, test, data, folder, badSamples)
        let speech =
            try task == .ctc ? SpeechScoring(CTCTokenizer(folder: folder), normalization.value()) : nil
        let result = try output.prepared {
            try evaluator.evaluate(
                budgets: adaptive.isAdaptive ? budgetValues : [1], probe: probe, speech: speech)
        }
        try write(result, output, classNames: test.classNames) {
            try ExampleCollector(adaptive, dense: teacher, dataset: test, speech: speech, device: device)
                .collect($0)
        }
    }

    /// Prints a result, and writes it and what is shown beside it where a report is asked for.
    ///
    /// - Parameter examples: looks closer at some samples of the evaluation.
    func write(
        _ result: EvaluationResult, _ output: EvaluationOutput, classNames: [String]?,
        examples: (SampleRecords) throws -> [SampleExample]
    ) throws {
        print(json ? try result.json.text() : result.table.text)
        if drift { warnOfDrift(result) }
        if let folder = output.folder {
            try FrontierPlot(result).write(to: folder.appendingPathComponent("frontier.svg"))
        }
        try output.write(
            result.json, result.records, classNames: classNames, requirements, examples: examples)
    }

    private func warnOfDrift(_ result: EvaluationResult) {
        for budget in result.budgets {
            guard let drift = budget.drift, drift.divergence > DriftMonitor.defaultThreshold else { continue }
            let text = String(
                format:
                    "drift: at budget %.2f gates choose otherwise than on calibration data: %.3f bits, most in "
                    + "%@ (%.3f); load %.3f, there %.3f\n", budget.budget, drift.divergence,
                drift.worstPlace.description, drift.worstDivergence, drift.load, drift.expectedLoad)
            StandardError.write(text)
        }
    }

    private func fitProbe(
        _ evaluator: Evaluator, _ test: any Dataset, _ data: String, _ folder: URL, _ badSamples: BadSamples
    ) throws -> LinearProbe? {
        let training = try open(data, probeSplit, folder, limit: 0, badSamples)
        let measured = (test as? SampleSubset)?.base ?? test
        guard training.fingerprint != measured.fingerprint else {
            throw ConversionError.data(
                "The probe would be fitted on the samples that it is measured on: \(data) gives the same for "
                    + "--split \(split ?? "test") and --probe-split \(probeSplit)")
        }
        return try evaluator.fitProbe(on: limited(training, probeSamples))
    }
}
