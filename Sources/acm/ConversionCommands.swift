import AdaptiveComputation
import ArgumentParser
import Baselines
import Conversion
import Datasets
import Foundation
import Torch
import Transformers

/// What all commands that train take.
struct ConversionArguments: ParsableArguments {
    @Argument(
        help: "A Hugging Face model folder: dense for the first phase, else the output of the phase before.")
    var model: String

    @Option(help: "Training data: a file, folder or shards; docs/data.md lists the layouts.")
    var data: String

    @Option(help: "Folder to write.")
    var output: String

    @Option(help: "YAML file with options; conversion.yaml in an output folder lists them all.")
    var config: String?

    @Option(name: .customLong("set"), help: "One option by its path, for example finetuning.budgetWeight=3.")
    var settings: [String] = []

    @Option(
        help: """
            Kinds of modules to convert, with commas between, such as feedForward,query; or auto, which takes those \
            single ones that reach --target-cost at the least error.
            """)
    var modules: String?

    @Option(help: "With --modules auto, the cost to reach as a share of the dense model's.")
    var targetCost: Double?

    @Option(help: "ours, or paper: the recipe of the paper for one budget.")
    var recipe = "ours"

    @Option(help: "The one budget of --recipe paper, 0.5 if it is not given.")
    var budget: Double?

    @Option(help: "Part of the data to train on: rows by a split column, a folder, a table; or all.")
    var split = "train"

    @Option(help: "cpu, cuda or cuda:N; of several processes, cuda takes one GPU for each of a machine.")
    var device = "cpu"

    @Option(help: "Seconds to wait for another process of the run; docs/training.md tells of several.")
    var processTimeout = 600.0

    @Option(help: "Threads within one operation; 0 leaves libtorch's choice.")
    var threads = 0

    @Option(help: "Language of recordings that do not tell theirs, for a multilingual Whisper, such as en.")
    var language: String?

    @Flag(help: "Say what it would take, in steps, time and memory, after a few steps; write nothing.")
    var dryRun = false

    @OptionGroup var loading: LoadingArguments

    func validate() throws {
        guard Device(device) != nil else {
            throw ValidationError("--device must be cpu, cuda or cuda:N, found \"\(device)\"")
        }
        guard ["ours", "paper"].contains(recipe) else {
            throw ValidationError("--recipe must be ours or paper, found \"\(recipe)\"")
        }
        try checkThreads(threads)
        guard (0.001...1e6).contains(processTimeout) else {
            throw ValidationError(
                "--process-timeout must lie in 0.001...1000000 seconds, found \(processTimeout)")
        }
        try loading.validate()
        try OutputFolder(output).validate(model: model)
        guard budget == nil || recipe == "paper" else {
            throw ValidationError(
                "--budget goes with --recipe paper; other models learn all budgets from "
                    + "finetuning.lowestBudget to finetuning.highestBudget")
        }
        let kinds = SlotKind.allCases.map(\.rawValue)
        if let modules, modules != "auto",
            let other = modules.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
                .first(where: { !kinds.contains($0) })
        {
            throw ValidationError(
                "--modules takes auto, or kinds with commas between of \(kinds.joined(separator: ", ")), "
                    + "found \"\(other)\"")
        }
        guard targetCost == nil || modules == nil || modules == "auto" else {
            throw ValidationError("--target-cost goes with --modules auto")
        }
        try ConversionOptions.checkSettings(settings)
    }

    /// The recipe's, or those of the phase before; with what the command line changes.
    func options() throws -> ConversionOptions {
        let recipeOptions =
            recipe == "paper" ? ConversionOptions.paper(budget: budget ?? 0.5) : ConversionOptions()
        let before = URL(fileURLWithPath: model).appendingPathComponent("conversion.yaml")
        let isConverted = FileManager.default.fileExists(atPath: before.path)
        let files = [isConverted && recipe == "ours" ? before : nil, config.map { URL(fileURLWithPath: $0) }]
        let named = [
            modules.map { "modules=\($0 == "auto" ? $0 : "[\($0)]")" }, targetCost.map { "targetCost=\($0)" },
        ]
        return try recipeOptions.overlaid(
            files: files.compactMap { $0 }, settings: named.compactMap { $0 } + settings)
    }

    func run(_ phases: [TrainingPhase], teacher: String? = nil) throws {
        let options = try options()
        try loading.listingBadSamples { try run(phases, teacher: teacher, options, $0) }
    }

    private func run(
        _ phases: [TrainingPhase], teacher: String?, _ options: ConversionOptions, _ badSamples: BadSamples
    ) throws {
        let folder = URL(fileURLWithPath: model)
        for start in [model] + (teacher.map { [$0] } ?? []) {
            try DenseBase.check(URL(fileURLWithPath: start), takesConverted: true)
        }
        let launch = try ProcessLaunch.read()
        let device = try device(of: launch)
        // The CPU is there; wrong data is told before libtorch is loaded.
        if device.type != .cpu { try device.requireAvailable() }
        if dryRun, launch != nil {
            throw ConversionError.option(
                "--dry-run is for one process: start it alone, without RANK and WORLD_SIZE")
        }
        // Processes meet first, so that one that fails later is missed at once.
        let processes = try launch.map { try ProcessGroup($0, device: device, timeout: processTimeout) }
        let isFirst = processes?.isFirst ?? true
        func dataset(_ split: String) throws -> any Dataset {
            try DatasetFolder.open(
                URL(fileURLWithPath: data), modelFolder: folder, split: split.partName,
                maximumLength: options.maximumLength, transform: loading.imageTransform ?? .crop,
                language: language, badSamples: badSamples)
        }
        let training = try dataset(split)
        let heldOut = options.heldOut.split.isEmpty ? nil : try dataset(options.heldOut.split)
        guard heldOut?.fingerprint != training.fingerprint else {
            throw ConversionError.data(
                "The held-out samples are those that are trained on: \(data) gives the same for --split "
                    + "\(split) and heldOut.split \(options.heldOut.split)")
        }
        if threads > 0 { try Runtime.setThreadCount(threads) }
        let progress = TrainingProgress()
        var converter = Converter(
            modelFolder: folder, output: URL(fileURLWithPath: output), dataset: training, heldOut: heldOut,
            options: options, device: device, loading: loading.options, processes: processes,
            report: progress.show)
        converter.reportSelection = { selection in
            let text = "modules: auto took " + selection.summary(learnerCount: options.learners) + "\n"
            StandardError.write(text)
        }
        let teacherFolder = teacher.map { URL(fileURLWithPath: $0) }
        if dryRun {
            print(try converter.estimate(phases, teacherFolder: teacherFolder).text)
            return
        }
        func convert() throws -> AdaptiveModel { try converter.run(phases, teacherFolder: teacherFolder) }
        let converted = try isFirst ? OutputFolder(output).prepared(convert) : convert()
        guard isFirst else { return }
        progress.finish()
        print(
            "Wrote \(output): \(converted.modules.count) adaptive modules, phase \(converted.configuration?.phase.rawValue ?? "none")."
        )
    }
}

extension ConversionArguments {
    /// The device that was asked for; of several processes each takes its own GPU.
    private func device(of launch: ProcessLaunch?) throws -> Device {
        let asked = Device(device) ?? .cpu
        guard let launch, device == "cuda" else { return asked }
        guard let localRank = launch.localRank else {
            throw LaunchError.missing("LOCAL_RANK", meaning: "which GPU of its machine a process takes")
        }
        return Device(.cuda, index: localRank)
    }
}

struct Convert: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Converts a dense model to an adaptive one: all three phases.",
        discussion: "A stopped conversion goes on from its last checkpoint when it is called again.")

    @OptionGroup var arguments: ConversionArguments

    func run() throws { try arguments.run(TrainingPhase.allCases) }
}

struct Distill: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Phase I: learners from the dense modules.")

    @OptionGroup var arguments: ConversionArguments

    func run() throws { try arguments.run([.distillation]) }
}

struct PretrainGates: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Phase II: gates learn how many learners a token needs.")

    @OptionGroup var arguments: ConversionArguments

    @Option(help: "The dense model that the conversion started from.")
    var teacher: String

    func run() throws { try arguments.run([.gatePretraining], teacher: teacher) }
}

struct Finetune: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Phase III: everything trains end to end, for the task and the budget.")

    @OptionGroup var arguments: ConversionArguments

    @Option(help: "The dense model that the conversion started from.")
    var teacher: String

    func run() throws { try arguments.run([.finetuning], teacher: teacher) }
}
