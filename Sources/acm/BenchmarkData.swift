import ArgumentParser
import Datasets
import Foundation
import Torch

/// How fast images are read.
struct BenchmarkData: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Times the reading of images up to normalised batches on a device, without a model.")

    @Argument(help: "Images as docs/data.md lists them: folders, shards, or a packed .safetensors.")
    var data: String

    @Option(help: "Height and width that images are brought to.")
    var size = 224

    @Option(help: "Images of a batch.")
    var batchSize = 256

    @Option(help: "Batches that are timed, after some to warm up; the data are read again and again.")
    var batches = 50

    @Option(help: "Batches before the timed ones.")
    var warmUp = 4

    @Option(help: "Part of the data; all takes data without parts.")
    var split = "train"

    @Flag(help: "With all of the augmentation, as for training.")
    var augmented = false

    @Option(help: "JSON file to write.")
    var json: String?

    @OptionGroup var options: ModelOptions

    @OptionGroup var loading: LoadingArguments

    func validate() throws {
        try options.validate()
        try loading.validate()
        guard size >= 1, batchSize >= 1, batches >= 1, warmUp >= 0 else {
            throw ValidationError("--size, --batch-size and --batches must be at least 1")
        }
        if let json { try OutputFile(option: "--json", path: json).validate(inputs: [data]) }
    }

    func run() throws {
        if let json { try OutputFile(option: "--json", path: json).requireWritable() }
        let (device, type) = try options.place()
        try loading.listingBadSamples { try run(device, type, $0) }
    }

    private func run(_ device: Device, _ type: DataType, _ badSamples: BadSamples) throws {
        let dataset = try open(badSamples)
        let augmentation = AugmentationOptions(enabled: augmented)
        let plan = BatchPlan.shuffled(
            dataset, size: batchSize, seed: 0, count: warmUp + batches)
        let loader = try BatchLoader(
            dataset.augmented(augmentation, mixes: augmented), plan, device: device, type: type,
            options: loading.options)
        for _ in 0..<warmUp { _ = try loader.next() }
        try device.synchronize()
        let clock = ContinuousClock()
        var count = 0
        let time = try clock.measure {
            while let batch = try loader.next() { count += batch.indices.count }
            try device.synchronize()
        }
        let rate = Double(count) / (time / .seconds(1))
        print(String(format: "%.0f images/s", rate))
        if let json {
            let result: JSONValue = [
                "images": .integer(count), "seconds": .number(time / .seconds(1)),
                "images_per_second": .number(rate),
                "workers": .integer(loading.options.workers), "batch_size": .integer(batchSize),
                "device": .string(device.description),
            ]
            try result.write(to: URL(fileURLWithPath: json))
        }
    }

    private func open(_ badSamples: BadSamples) throws -> any AugmentableDataset {
        let url = URL(fileURLWithPath: data)
        if url.pathExtension == "safetensors" {
            return try ImageTensorDataset(
                url, mean: [0.5, 0.5, 0.5], deviation: [0.5, 0.5, 0.5], size: size)
        }
        return try ImageDataset(
            DatasetFolder.images(url, split: split.partName, badSamples: badSamples),
            ImagePreparation(size: size), badSamples: badSamples)
    }
}
