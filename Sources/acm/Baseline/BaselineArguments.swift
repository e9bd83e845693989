import ArgumentParser
import Baselines
import Conversion
import Datasets
import Foundation
import Torch

/// What all trainings of baselines take.
struct BaselineArguments: ParsableArguments {
    @Argument(help: "The Hugging Face folder of a dense model.")
    var model: String

    @Option(help: "Training data: a file, folder or shards; docs/data.md lists the layouts.")
    var data: String

    @Option(help: "Folder to write.")
    var output: String

    @Option(help: "YAML file with options; the one in an output folder lists them all.")
    var config: String?

    @Option(name: .customLong("set"), help: "One option by its path, for example expertWidth=32.")
    var settings: [String] = []

    @Option(help: "Part of the data to train on: rows by a split column, a folder, a table; or all.")
    var split = "train"

    @Option(help: "cpu, cuda or cuda:N.")
    var device = "cpu"

    @Option(help: "Threads within one operation; 0 leaves libtorch's choice.")
    var threads = 0

    @Option(help: "Language of recordings that do not tell theirs, for a multilingual Whisper, such as en.")
    var language: String?

    @OptionGroup var loading: LoadingArguments

    func validate<Options: TrainingOptions>(_ options: Options.Type) throws {
        guard Device(device) != nil else {
            throw ValidationError("--device must be cpu, cuda or cuda:N, found \"\(device)\"")
        }
        try checkThreads(threads)
        try loading.validate()
        try OutputFolder(output).validate(model: model)
        try Options.checkSettings(settings)
    }

    /// Default options with what the command line changes.
    func overlaid<Options: TrainingOptions>(_ options: Options) throws -> Options {
        try options.overlaid(files: config.map { [URL(fileURLWithPath: $0)] } ?? [], settings: settings)
    }

    /// Opens the data, and trains with it.
    func run(_ task: BaselineTask, _ train: (BaselineRun) throws -> Void) throws {
        try ProcessLaunch.requireAlone()
        try loading.listingBadSamples { badSamples in
            let device = Device(self.device) ?? .cpu
            // The CPU is there; wrong data is told before libtorch is loaded.
            if device.type != .cpu { try device.requireAvailable() }
            let folder = URL(fileURLWithPath: model)
            let dataset = try DatasetFolder.open(
                URL(fileURLWithPath: data), modelFolder: folder, split: split.partName,
                maximumLength: task.maximumLength, transform: loading.imageTransform ?? .crop,
                language: language, badSamples: badSamples)
            if threads > 0 { try Runtime.setThreadCount(threads) }
            let progress = TrainingProgress()
            try OutputFolder(output).prepared {
                try train(
                    BaselineRun(
                        folder, output: URL(fileURLWithPath: output), dataset: dataset, device: device,
                        loading: loading.options,
                        report: {
                            progress.show($0.name, step: $0.step, of: $0.totalSteps, values: $0.values)
                        }
                    ))
            }
            progress.finish()
        }
    }
}
