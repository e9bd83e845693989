import AdaptiveComputation
import ArgumentParser
import Baselines
import Conversion
import Datasets
import Evaluation
import Foundation
import Preprocessing
import Torch
import Transformers

/// Trains the dense classifiers and recognisers that conversions start from.
struct TrainDense: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract:
            "Trains a dense classifier or recogniser on labelled data: fine-tunes a model, or starts from nothing.",
        discussion: """
            MODEL is a Hugging Face folder. A classifier keeps its classes; a model without a classifier, such \
            as BertModel, gets a new one for the classes of the data; a folder of a config.json alone is trained \
            from new weights. A Wav2Vec2, HuBERT or WavLM learns to write what is said in recordings, in the letters of \
            the vocab.json beside it. A stopped training goes on from its last checkpoint when it is called again.
            """)

    @Argument(
        help: "A Hugging Face folder of a dense model of text, images or speech, with weights or without.")
    var model: String

    @Option(help: "Labelled training data: a file, folder or shards; docs/data.md lists the layouts.")
    var data: String

    @Option(help: "Part of the data to train on: rows by a split column, a folder; or all.")
    var split = "train"

    @Option(help: "Data to measure the trained model on, if it lies elsewhere.")
    var testData: String?

    @Option(help: "Part of the data to measure on; all takes data without parts, none measures nothing.")
    var testSplit = "test"

    @Option(help: "Folder to write.")
    var output: String

    @Option(help: "YAML file with options; training.yaml in an output folder lists them all.")
    var config: String?

    @Option(name: .customLong("set"), help: "One option by its path, for example optimisation.epochs=5.")
    var settings: [String] = []

    @Flag(
        help:
            "Put a new head for the classes of the data, or the letters of vocab.json, in the place of the model's own."
    )
    var newHead = false

    @Option(help: "cpu, cuda or cuda:N.")
    var device = "cpu"

    @Option(help: "Threads within one operation; 0 leaves libtorch's choice.")
    var threads = 0

    @OptionGroup var loading: LoadingArguments

    func validate() throws {
        guard Device(device) != nil else {
            throw ValidationError("--device must be cpu, cuda or cuda:N, found \"\(device)\"")
        }
        try checkThreads(threads)
        try loading.validate()
        try OutputFolder(output).validate(model: model)
        try DenseOptions.checkSettings(settings)
    }

    func run() throws {
        try ProcessLaunch.requireAlone()
        let options = try DenseOptions().overlaid(
            files: config.map { [URL(fileURLWithPath: $0)] } ?? [], settings: settings)
        try loading.listingBadSamples { try run(options, $0) }
    }

    private func run(_ options: DenseOptions, _ badSamples: BadSamples) throws {
        let device = Device(self.device) ?? .cpu
        // The CPU is there; wrong data is told before libtorch is loaded.
        if device.type != .cpu { try device.requireAvailable() }
        try DenseBase.check(URL(fileURLWithPath: model), takesConverted: true)
        let start = try DenseStart(URL(fileURLWithPath: model), replacesHead: newHead)
        let training = try open(
            data, split, start.source == .whole ? .model : .data, start.task == .ctc ? .learnt : .asModel,
            options,
            badSamples)
        let test = try openTest(training, options, badSamples)
        if threads > 0 { try Runtime.setThreadCount(threads) }
        let progress = TrainingProgress()
        let trainer = DenseTrainer(
            start, output: URL(fileURLWithPath: output), dataset: training, options: options, device: device,
            loading: loading.options,
            report: { progress.show("training", step: $0.step, of: $0.totalSteps, values: $0.values) })
        var measured: Measured?
        let result = try OutputFolder(output).prepared {
            try trainer.run { result in
                progress.finish()
                measured = try test.map {
                    try measure(result.network, $0, start, options, device)
                }
                try results(result, measured, device).write(
                    to: URL(fileURLWithPath: output).appendingPathComponent("results.json"))
            }
        }
        let classes = training.classNames.map { "\($0.count) classes, " } ?? ""
        print("Wrote \(output): \(classes)\(result.steps) steps.")
        if let measured { print(measured.table) }
    }

    /// How the trained model does on the test data.
    private struct Measured {
        let json: JSONValue
        let table: String
    }

    private func measure(
        _ network: any TransformerModel, _ test: any Dataset, _ start: DenseStart, _ options: DenseOptions,
        _ device: Device
    ) throws -> Measured {
        let model = AdaptiveModel(dense: network)
        let evaluationOptions = EvaluationOptions(
            batchSize: options.optimisation.batchSize, device: device, loading: loading.options,
            timedRepeatCount: 0)
        guard start.task == .ctc else {
            let found = try ClassifierEvaluation(model, test, budgets: [], options: evaluationOptions)
            return Measured(json: found.entries[0].quality.json, table: found.table.text)
        }
        let speech = SpeechScoring(
            try CTCTokenizer(folder: start.folder),
            ErrorRate.Normalization(lowercases: true, stripsPunctuation: true))
        let found = try RecogniserEvaluation(model, test, speech, budgets: [], options: evaluationOptions)
        guard case .object(var json) = found.entries[0].quality.json else {
            return Measured(json: .null, table: "")
        }
        json["samples"] = .integer(found.records.count)
        return Measured(json: .object(json), table: found.table.text)
    }

    /// Keys: `format` (1), `model`, `data`, `device`, `training` (see `DenseResult.json`) and `test` (null, or
    /// see `ClassAccuracy.json`; of a recogniser `SpeechErrors.json` with `samples`).
    private func results(
        _ result: DenseResult, _ measured: Measured?, _ device: Device
    ) -> JSONValue {
        [
            "format": 1, "model": .string(model), "data": .string(data),
            "device": .string(device.description), "training": result.json,
            "test": measured?.json ?? .null,
        ]
    }

    /// The samples to measure on; nil for none.
    private func openTest(
        _ training: any Dataset, _ options: DenseOptions, _ badSamples: BadSamples
    ) throws -> (any Dataset)? {
        guard testSplit != "none" else { return nil }
        let path = testData ?? data
        // What a recogniser is measured by are the texts, not their labels.
        let test = try open(
            path, testSplit, .names(training.classNames ?? []), .asModel, options, badSamples)
        guard test.fingerprint != training.fingerprint else {
            throw ConversionError.data(
                "The model would be measured on the samples that it learns from: \(path) gives the same for "
                    + "--split \(split) and --test-split \(testSplit); name other data with --test-data, or "
                    + "--test-split none")
        }
        return test
    }

    private func open(
        _ path: String, _ split: String, _ classes: LabelClasses, _ letters: LetterLabels,
        _ options: DenseOptions, _ badSamples: BadSamples
    ) throws -> any Dataset {
        try DatasetFolder.open(
            URL(fileURLWithPath: path), modelFolder: URL(fileURLWithPath: model),
            split: split.partName, maximumLength: options.maximumLength,
            transform: loading.imageTransform ?? .crop, classes: classes, letters: letters,
            badSamples: badSamples)
    }
}
