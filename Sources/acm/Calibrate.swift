import AdaptiveComputation
import ArgumentParser
import Baselines
import Conversion
import Datasets
import Evaluation
import Foundation
import Torch

/// Makes the load of a converted model what `--budget` asks for, on other data than before.
struct Calibrate: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Calibrates a converted model anew, so that its load on some data is the budget.",
        discussion: "Writes calibration.json into the model's folder; the weights stay as they are.")

    @Argument(help: "A converted model folder.")
    var model: String

    @Option(help: "Data like those that will come: a file, folder or shards; docs/data.md lists the layouts.")
    var data: String

    @Option(help: "Part of the data to use: rows by a split column, a folder, a table; or all.")
    var split = "train"

    @Option(help: "Draw so many samples, fewer where they have many tokens.")
    var samples = 2048

    @Option(help: "Samples that run together.")
    var batchSize = 32

    @Option(help: "Language of recordings that do not tell theirs, for a multilingual Whisper, such as en.")
    var language: String?

    @OptionGroup var options: ModelOptions

    @OptionGroup var loading: LoadingArguments

    func validate() throws {
        try options.validate()
        try loading.validate()
        guard samples >= 1, batchSize >= 1 else {
            throw ValidationError("--samples and --batch-size must be at least 1")
        }
    }

    func run() throws { try loading.listingBadSamples(run) }

    private func run(_ badSamples: BadSamples) throws {
        let folder = URL(fileURLWithPath: model)
        try DenseBase.check(folder, takesConverted: true)
        let (loaded, _, _) = try options.load(model)
        guard loaded.configuration != nil else {
            throw ConversionError.order("\(model) is a dense model: convert it first")
        }
        let dataset = try DatasetFolder.open(
            URL(fileURLWithPath: data), modelFolder: folder, split: split.partName,
            transform: loading.imageTransform ?? .crop, language: language, badSamples: badSamples)
        let calibrator = BudgetCalibrator(
            dataset, sampleCount: samples, batchSize: batchSize, seed: 0)
        var table = ColumnTable(header: ["budget", "load"])
        let calibrated = try calibrator.run(loaded) { budget, load in
            table.add([String(format: "%.2f", budget), String(format: "%.3f", load)])
        }
        try calibrated.calibration?.json.write(to: folder.appendingPathComponent(BudgetCalibration.fileName))
        print(table.text)
    }
}
