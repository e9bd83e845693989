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
            "Measures a converted model against the dense one, a classifier, a recogniser, or a dense model's features.",
        discussion: """
            With --dense: quality, load and cost of a converted model, budget by budget. Without: a classifier, \
            dense or converted, is measured by its accuracy, a recogniser of letters by its error rates. With --corruptions both are measured on corrupted images. \
            Of another dense model, and with --features, the features of all samples are split by a hash of their \
            names, and classes are told by the nearest neighbours and by a linear probe. With --report an evaluation \
            that was stopped goes on where it was.
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

    @Option(help: "Folder for results.json, report.html and what docs/reports.md lists.")
    var report: String?

    @Option(help: "Corruptions of images, with commas between, or all: a classifier's error on each.")
    var corruptions: String?

    @Option(help: "Severities of the corruptions, with commas between.")
    var severities = "1,3,5"

    @OptionGroup var normalization: NormalizationOption

    @Option(help: "Language of recordings that do not tell theirs, for a multilingual Whisper, such as en.")
    var language: String?

    @OptionGroup var requirements: RequirementOptions

    @Flag(
        help: "Say where the gates choose otherwise than on calibration data; the model must be calibrated.")
    var drift = false

    @Flag(inversion: .prefixedNo, help: "Time the models on eight of the batches, in turns.")
    var timing = true

    @Flag(help: "Print JSON.")
    var json = false

    @OptionGroup var options: ModelOptions

    @OptionGroup var loading: LoadingArguments

    func validate() throws {
        try options.validate()
        try loading.validate()
        try requirements.validate()
        try normalization.validate()
        guard Budgets(budgets) != nil else { throw Budgets.invalid(budgets) }
        guard !drift || dense != nil else { throw ValidationError("--drift goes with --dense") }
        guard samples >= 0, probeSamples >= 0 else {
            throw ValidationError("--samples and --probe-samples must be at least 0")
        }
        guard data != nil || dense == nil && features.file != nil else {
            throw ValidationError("--data is needed, or without --dense a file of --features to read")
        }
        if let data, let file = features.file {
            try OutputFile(option: "--features", path: file).validate(inputs: [model, data])
        }
        if let report, FileManager.default.fileExists(atPath: "\(report)/config.json") {
            throw ValidationError("--report \"\(report)\" is a model's folder: name another")
        }
        if let corruptions {
            _ = try CorruptionChoice.corruptions(corruptions)
            _ = try CorruptionChoice.severities(severities)
            guard features.file == nil, !drift, requirements.require.isEmpty else {
                throw ValidationError("--corruptions goes without --features, --drift and --require")
            }
        }
    }

    func run() throws { try loading.listingBadSamples(run) }

    private func run(_ badSamples: BadSamples) throws {
        if let data, corruptions != nil { return try evaluateCorruptions(data, badSamples) }
        if let data, try isClassifierAlone() { return try evaluateClassifier(data, badSamples) }
        if let data, try isRecogniserAlone() { return try evaluateRecogniser(data, badSamples) }
        if let data, let dense { return try evaluate(against: dense, data, badSamples) }
        guard requirements.require.isEmpty else {
            throw ConversionError.order("--require goes with a classifier or with --dense")
        }
        try evaluateFeatures(badSamples)
    }

    var budgetValues: [Double] { Budgets(budgets)?.values ?? [1] }

    func limited(_ dataset: any Dataset, _ limit: Int) -> any Dataset {
        limit > 0 && limit < dataset.count ? SampleSubset(dataset, first: limit) : dataset
    }

    func open(
        _ data: String, _ split: String, _ folder: URL, limit: Int, _ badSamples: BadSamples
    ) throws -> any Dataset {
        let dataset = try DatasetFolder.open(
            URL(fileURLWithPath: data), modelFolder: folder, split: split.partName,
            transform: loading.imageTransform ?? .crop, language: language, badSamples: badSamples)
        return limited(dataset, limit)
    }

    /// What an evaluation of some data runs with, and where it writes.
    ///
    /// - Parameters:
    ///   - kind: of the evaluation: others do not take up its parts.
    ///   - loaded: the model.
    ///   - dataset: what is measured on.
    func output(_ kind: String, _ loaded: AdaptiveModel, _ dataset: any Dataset) -> EvaluationOutput {
        EvaluationOutput(
            folder: report.map { URL(fileURLWithPath: $0) },
            about: [
                "model": .string(model), "kind": .string(loaded.kind),
                "dense": dense.map { .string($0) } ?? .null,
                "data": data.map { .string($0) } ?? .null, "split": .string(split ?? "test"),
                "dtype": .string(options.dataType), "version": .string(Version.current),
            ],
            identity: [
                kind, EvaluationOutput.identity(of: model), dense.map(EvaluationOutput.identity) ?? "",
                "\(dataset.fingerprint)", budgets, probeSplit, "\(probeSamples)", "\(features.batchSize)",
                options.dataType, corruptions ?? "", severities, normalization.normalize, language ?? "",
            ].joined(separator: "|"),
            total: dataset.count)
    }

    func evaluationOptions(_ output: EvaluationOutput, _ device: Device) -> EvaluationOptions {
        EvaluationOptions(
            batchSize: features.batchSize, device: device, loading: loading.options,
            timedRepeatCount: timing ? 5 : 0, parts: output.parts,
            report: { done, _ in output.progress.show(done) })
    }
}

extension AdaptiveModel {
    /// dense, adaptive, or uniform where every token runs all learners of narrower modules.
    var kind: String {
        guard let configuration else { return "dense" }
        return configuration.modules.allSatisfy { $0.minimumChoice == $0.learnerCount }
            ? "uniform" : "adaptive"
    }
}
