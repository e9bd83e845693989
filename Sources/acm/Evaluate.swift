import AdaptiveComputation
import ArgumentParser
import Conversion
import Datasets
import Evaluation
import Foundation
import Torch

/// Quality, load and cost of a converted model at several budgets; or what a dense model's features
/// tell apart.
struct Evaluate: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract:
            "Measures a converted model against the dense one, a classifier, or a dense model's features.",
        discussion: """
            With --dense: quality, load and cost of a converted model, budget by budget. Without: a classifier, \
            dense or converted, is measured by its accuracy. Of another dense model, and with --features, the \
            features of all samples are split by a hash of their names, and classes are told by the nearest \
            neighbours and by a linear probe.
            """)

    @Argument(help: "A converted model folder, or without --dense a classifier or a dense model.")
    var model: String

    @Option(help: "The dense model folder that it came from.")
    var dense: String?

    @Option(
        help:
            "Labelled data for a dense model, held-out data else: a file, folder or shards; docs/data.md lists the layouts."
    )
    var data: String?

    @OptionGroup(title: "Features of a dense model") var features: FeatureOptions

    @Option(
        help: """
            Part of the data to measure on: rows by a split column, a folder, a table; or all. test unless told; of \
            data for features all rows, or the training part.
            """)
    var split: String?

    @Option(help: "Labelled rows that a linear probe is fitted on; none fits no probe.")
    var probeSplit = "none"

    @Option(help: "Budgets, with commas between.")
    var budgets = "1,0.75,0.5,0.35,0.25"

    @Option(help: "Measure on at most so many samples; 0 takes all.")
    var samples = 0

    @Option(help: "Fit the probe on at most so many samples; 0 takes all.")
    var probeSamples = 0

    @Option(help: "Folder for results.json, frontier.svg and report.html.")
    var report: String?

    @Flag(
        help: "Say where the gates choose otherwise than on calibration data; the model must be calibrated.")
    var drift = false

    @Flag(help: "Print JSON.")
    var json = false

    @OptionGroup var options: ModelOptions

    @OptionGroup var loading: LoadingArguments

    func validate() throws {
        try options.validate()
        try loading.validate()
        guard Budgets(budgets) != nil else { throw Budgets.invalid(budgets) }
        guard !drift || dense != nil else { throw ValidationError("--drift goes with --dense") }
        guard samples >= 0, probeSamples >= 0 else {
            throw ValidationError("--samples and --probe-samples must be at least 0")
        }
        guard data != nil || dense == nil && features.file != nil else {
            throw ValidationError("--data is needed, or without --dense a file of --features to read")
        }
    }

    func run() throws { try loading.listingBadSamples(run) }

    private func run(_ badSamples: BadSamples) throws {
        if let data, try isClassifierAlone() { return try evaluateClassifier(data, badSamples) }
        guard let dense, let data else { return try evaluateFeatures(badSamples) }
        let folder = URL(fileURLWithPath: model)
        let (adaptive, device, _) = try options.load(model)
        guard adaptive.configuration != nil else {
            throw ConversionError.order(
                "\(model) is a dense model: give its conversion, and itself with --dense")
        }
        guard !drift || adaptive.calibration != nil else {
            throw ConversionError.order(
                "\(model) is not calibrated, so that no drift can be told: acm calibrate does it")
        }
        let teacher = try options.loadDense(dense, of: adaptive, model)
        let test = try open(data, split ?? "test", folder, limit: samples, badSamples)
        let evaluator = try Evaluator(
            adaptive, dense: teacher, dataset: test,
            options: EvaluationOptions(device: device, loading: loading.options))
        let probe = try probeSplit == "none" ? nil : fitProbe(evaluator, test, data, folder, badSamples)
        let result = try evaluator.evaluate(budgets: Budgets(budgets)?.values ?? [1], probe: probe)
        print(json ? try result.json.text() : result.table.text)
        if drift { warnOfDrift(result) }
        if let report { try write(result, adaptive, test, to: URL(fileURLWithPath: report), dense, device) }
    }

    private func warnOfDrift(_ result: EvaluationResult) {
        for budget in result.budgets {
            guard let drift = budget.drift, drift.divergence > DriftMonitor.defaultThreshold else { continue }
            let text = String(
                format:
                    "drift: at budget %.2f gates choose otherwise than on calibration data: %.3f bits, most in "
                    + "%@ (%.3f); load %.3f, there %.3f\n", budget.budget, drift.divergence,
                drift.worstPlace.description, drift.worstDivergence, drift.load, drift.expectedLoad)
            FileHandle.standardError.write(Data(text.utf8))
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

    private func limited(_ dataset: any Dataset, _ limit: Int) -> any Dataset {
        limit > 0 && limit < dataset.count ? SampleSubset(dataset, first: limit) : dataset
    }

    func open(
        _ data: String, _ split: String, _ folder: URL, limit: Int, _ badSamples: BadSamples
    ) throws -> any Dataset {
        let dataset = try DatasetFolder.open(
            URL(fileURLWithPath: data), modelFolder: folder, split: split.partName,
            transform: loading.imageTransform ?? .crop, badSamples: badSamples)
        return limited(dataset, limit)
    }

    private func write(
        _ result: EvaluationResult, _ adaptive: AdaptiveModel, _ test: any Dataset, to report: URL,
        _ dense: String, _ device: Device
    ) throws {
        try FileManager.default.createDirectory(at: report, withIntermediateDirectories: true)
        try result.json.write(to: report.appendingPathComponent("results.json"))
        let plot = FrontierPlot(result)
        try plot.write(to: report.appendingPathComponent("frontier.svg"))
        var loads: [TokenLoads] = []
        if let texts = ((test as? SampleSubset)?.base ?? test) as? TextDataset {
            let shown = Array(0..<min(12, texts.count))
            loads = try TokenLoads.measure(
                adaptive, inputs: texts.batch(shown).inputs.to(device), tokens: shown.map(texts.tokens),
                budget: 0.5)
        }
        let page = DemoReport(
            title: "Adaptive computation", summary: "\(model) against \(dense), \(test.count) samples.",
            result: result, plot: plot, samples: loads)
        try page.write(to: report.appendingPathComponent("report.html"))
        FileHandle.standardError.write(Data("Wrote \(report.path)/report.html\n".utf8))
    }
}
