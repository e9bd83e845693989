import AdaptiveComputation
import ArgumentParser
import Datasets
import Evaluation
import Foundation
import Torch

/// What a model says of files, and what it spent on them.
struct Predict: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Shows what a model says of each sample of some files, and the load that each took.")

    @Argument(help: "A Hugging Face model folder.")
    var model: String

    @Argument(help: "Files or folders with texts, images or shards; docs/data.md lists the layouts.")
    var files: [String]

    @Option(help: "Load that is asked for, 0 to 1.")
    var budget = 1.0

    @Option(help: "HTML page to write that shows what each token got.")
    var heatmap: String?

    @Flag(help: "Print one JSON object a line for each sample.")
    var json = false

    @OptionGroup var options: ModelOptions

    @OptionGroup var loading: LoadingArguments

    func validate() throws {
        try options.validate()
        try loading.validate()
        guard (0...1).contains(budget) else {
            throw ValidationError("--budget must lie in 0...1, found \(budget)")
        }
    }

    func run() throws { try loading.listingBadSamples(run) }

    private func run(_ badSamples: BadSamples) throws {
        let (adaptive, device, type) = try options.load(model)
        var samples: [TokenLoads] = []
        for file in files {
            let dataset = try DatasetFolder.open(
                URL(fileURLWithPath: file), modelFolder: URL(fileURLWithPath: model),
                transform: loading.imageTransform ?? .processor, badSamples: badSamples)
            let loader = try BatchLoader(
                dataset, .inOrder(dataset.batchesInOrder(size: 32)), device: device, type: type,
                options: loading.options)
            while let batch = try loader.next() {
                let predictions = try Prediction.make(adaptive, dataset, batch, budget: budget)
                for (index, prediction) in zip(batch.indices, predictions) {
                    print(try line(prediction, file: file, index: index, dataset))
                }
                if heatmap != nil { samples += predictions.compactMap(\.loads) }
            }
        }
        if let heatmap {
            try TokenPage(title: "Load of each token, budget \(budget)", samples: samples)
                .write(to: URL(fileURLWithPath: heatmap))
        }
    }

    private func line(
        _ prediction: Prediction, file: String, index: Int, _ dataset: any Dataset
    ) throws -> String {
        if json {
            guard case .object(var object) = prediction.json else { return "" }
            object["file"] = .string(place(index, dataset) ?? file)
            object["index"] = .integer(index)
            return try JSONValue.object(object).text(.compact)
        }
        let load = prediction.loads.map { String(format: "load %.3f", $0.load) } ?? "dense"
        let named = prediction.classes.first.map { String(format: "%.3f  ", $0.probability) + $0.name }
        let text =
            switch dataset {
            case let dataset as TextDataset: dataset.texts[index]
            default: place(index, dataset) ?? "\(file) \(index)"
            }
        return [load, named, text].compactMap { $0 }.joined(separator: "  ")
    }

    /// The file of a sample that has one of its own.
    private func place(_ index: Int, _ dataset: any Dataset) -> String? {
        switch dataset {
        case let dataset as ImageDataset: dataset.store.place(of: index)
        case let dataset as AudioDataset: dataset.store.place(of: index)
        default: nil
        }
    }
}
