import AdaptiveComputation
import ArgumentParser
import Conversion
import Datasets
import Foundation
import Torch
import Transformers

/// What `acm inspect --ladder` takes.
struct LadderOptions: ParsableArguments {
    @Flag(help: "Show the error of each module against the number of its learners; needs --data.")
    var ladder = false

    @Flag(help: "With --ladder, what cutting each module alone does to the model's output; takes long.")
    var effects = false

    @Option(help: "Data for --ladder: a file, folder or shards; docs/data.md lists the layouts.")
    var data: String?

    @Option(help: "The dense model folder that a converted one came from.")
    var dense: String?

    @Option(help: "Part of the data: rows by a split column, a folder, a table; or all.")
    var split = "train"

    @Option(help: "Learners of each module that a conversion of a dense model would start with.")
    var learners = 4

    @Option(help: "Samples that these learners are fitted to, at most half of the data.")
    var calibrationSamples = 1024

    @Option(help: "Other samples that the errors are measured on.")
    var samples = 256

    @OptionGroup var model: ModelOptions

    @OptionGroup var loading: LoadingArguments

    func validate() throws {
        guard ladder || !effects && data == nil && dense == nil else {
            throw ValidationError("--effects, --data and --dense go with --ladder")
        }
        guard !ladder || data != nil else {
            throw ValidationError("--ladder measures modules on data: give it with --data")
        }
        guard (1...1024).contains(learners) else {
            throw ValidationError("--learners must lie in 1...1024, found \(learners)")
        }
        guard calibrationSamples >= 1, samples >= 1 else {
            throw ValidationError("--calibration-samples and --samples must be at least 1")
        }
        try model.validate()
        try loading.validate()
    }

    /// Measures the modules of a model, or of what a conversion of it would start with.
    func measure(_ path: String) throws -> LadderReport {
        try loading.listingBadSamples { try measure(path, $0) }
    }

    private func measure(_ path: String, _ badSamples: BadSamples) throws -> LadderReport {
        let (given, device, type) = try model.load(path, packs: false)
        let dataset = try DatasetFolder.open(
            URL(fileURLWithPath: data ?? ""), modelFolder: URL(fileURLWithPath: path),
            split: split.partName, transform: loading.imageTransform ?? .crop,
            badSamples: badSamples)
        guard dataset.count >= 2 else {
            throw ConversionError.data(
                "--ladder needs at least 2 samples, \(data ?? "") has \(dataset.count)")
        }
        let batches = dataset.shuffledBatches(size: min(32, dataset.count / 2), seed: 0, epoch: -1)
        let size = batches[0].count
        let calibrationCount =
            given.configuration == nil
            ? min((calibrationSamples + size - 1) / size, batches.count / 2) : 0
        let measuredCount = min((samples + size - 1) / size, batches.count - calibrationCount)
        func inputs(_ batches: ArraySlice<[Int]>) throws -> [ModelInputs] {
            try batches.map { try dataset.batch($0).inputs.to(device, type) }
        }
        let (adaptive, teacher) = try pair(given, path, calibration: inputs(batches.prefix(calibrationCount)))
        return try LadderReport(
            adaptive, dense: teacher,
            inputs: inputs(batches.dropFirst(calibrationCount).prefix(measuredCount)), hasEffects: effects)
    }

    /// The adaptive model to measure and the dense one beside it.
    private func pair(
        _ given: AdaptiveModel, _ path: String, calibration: [ModelInputs]
    ) throws -> (adaptive: AdaptiveModel, dense: AdaptiveModel) {
        guard given.configuration == nil else {
            guard let dense else {
                throw ConversionError.order(
                    "\(path) is converted: name the dense model it came from with --dense")
            }
            return (given, try model.loadDense(dense, of: given, path, packs: false))
        }
        guard dense == nil else {
            throw ConversionError.order("--dense goes with a converted model, \(path) is dense")
        }
        let options = SurgeryOptions(
            kinds: SlotKind.allCases, places: Set(given.network.placesOfTeachers), learnerCount: learners)
        return (try .convert(given.network, options, calibration: calibration), given)
    }
}
