import AdaptiveComputation
import ArgumentParser
import Conversion
import Datasets
import Evaluation
import Foundation
import Torch
import Transformers

/// What `acm evaluate` takes for the features of a dense model.
struct FeatureOptions: ParsableArguments {
    @Option(
        name: .customLong("features"),
        help: "Safetensors file of features: written with --data, read without it.")
    var file: String?

    @Option(help: "standard: a text's mean token, an image's first; or mean: the mean of an image's patches.")
    var pooling = SampleEmbedding.Pooling.standard

    @Option(help: "Share of the samples that are measured on; the rest is fitted on.")
    var testShare = 0.2

    @Option(help: "Samples in one batch.")
    var batchSize = 32

    func validate() throws {
        guard testShare > 0, testShare < 1 else {
            throw ValidationError("--test-share must lie between 0 and 1, found \(testShare)")
        }
        guard batchSize >= 1 else {
            throw ValidationError("--batch-size must be at least 1, found \(batchSize)")
        }
    }
}

extension SampleEmbedding.Pooling: ExpressibleByArgument {}

extension Evaluate {
    /// Nearest neighbours and a linear probe on the features of a dense model.
    func evaluateFeatures(_ badSamples: BadSamples) throws {
        let set =
            try data.map { try collect($0, badSamples) }
            ?? FeatureSet(contentsOf: URL(fileURLWithPath: features.file ?? ""))
        let (training, test) = try set.split(testShare: features.testShare)
        let result = try training.evaluate(on: test)
        if json {
            print(try result.json.text())
        } else {
            print(
                "\(training.count) samples to fit on, \(test.count) to measure on, "
                    + "\(set.classNames.count) classes")
            print(result.table.text)
        }
        guard let report else { return }
        let folder = URL(fileURLWithPath: report)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        try result.json.write(to: folder.appendingPathComponent("results.json"))
    }

    /// The features of the data's samples, written to a file where one is named.
    private func collect(_ data: String, _ badSamples: BadSamples) throws -> FeatureSet {
        if let file = features.file { try OutputFile(option: "--features", path: file).requireWritable() }
        let (model, device, _) = try options.load(self.model)
        guard model.configuration == nil else {
            throw ConversionError.order(
                "\(self.model) is converted: name the dense model that it came from with --dense")
        }
        let dataset = try DatasetFolder.open(
            URL(fileURLWithPath: data), modelFolder: URL(fileURLWithPath: self.model),
            split: split?.partName, transform: loading.imageTransform ?? .processor,
            badSamples: badSamples)
        let names = HashSplit.names(of: dataset)
        let indices = HashSplit.sample(names, count: samples > 0 ? samples : names.count)
        let progress = CountProgress("samples", of: indices.count)
        let set = try FeatureSet.collect(
            model, dataset, names: names, indices: indices, pooling: features.pooling,
            batchSize: features.batchSize, device: device, loading: loading.options, report: progress.show)
        progress.finish()
        if let file = features.file { try set.write(to: URL(fileURLWithPath: file)) }
        return set
    }
}
