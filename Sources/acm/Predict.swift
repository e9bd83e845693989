import AdaptiveComputation
import ArgumentParser
import Datasets
import Evaluation
import Foundation
import Preprocessing
import Torch
import Transformers

/// What a model says of files, and what it spent on them.
struct Predict: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract:
            "Shows what a model says of each sample of some files, and the load and time that each took.")

    @Argument(help: "A Hugging Face model folder.")
    var model: String

    @Argument(
        help: "Images, recordings, texts, or folders and shards of them; docs/data.md lists the layouts.")
    var files: [String] = []

    @Option(help: "A text in place of a file; may be given several times.")
    var text: [String] = []

    @Option(
        help: "Part of data that have parts: rows by a split column, a folder, a table; train unless told.")
    var split: String?

    @Option(help: "Load that is asked for, 0 to 1.")
    var budget = 1.0

    @Option(help: "Transcripts that a CTC model follows at once; 1 takes the best letter of every frame.")
    var beamWidth = 1

    @Option(
        help: """
            Where the compute went: a .html page of texts, or for one image or recording a .png picture, for more \
            a folder of them.
            """)
    var heatmap: String?

    @Option(
        help:
            "Language of recordings that do not tell theirs, for a multilingual Whisper, such as en; else detected."
    )
    var language: String?

    @Option(help: "Samples that are run together.")
    var batchSize = 32

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
        guard batchSize >= 1 else {
            throw ValidationError("--batch-size must be at least 1, found \(batchSize)")
        }
        guard (1...1000).contains(beamWidth) else {
            throw ValidationError("--beam-width must lie in 1...1000, found \(beamWidth)")
        }
        guard !files.isEmpty || !text.isEmpty else {
            throw ValidationError("Give a file, or a text with --text.")
        }
        if let heatmap {
            try OutputFile(option: "--heatmap", path: heatmap).validate(inputs: [model] + files)
        }
    }

    func run() throws { try loading.listingBadSamples(run) }

    private func run(_ badSamples: BadSamples) throws {
        let (adaptive, device, type) = try options.load(model)
        let folder = URL(fileURLWithPath: model)
        var datasets: [(name: String, dataset: any Dataset)] = try files.map { file in
            let dataset = try DatasetFolder.open(
                URL(fileURLWithPath: file), modelFolder: folder, split: split?.partName,
                transform: loading.imageTransform ?? .processor,
                language: language, badSamples: badSamples)
            return (file, dataset)
        }
        if !text.isEmpty {
            datasets.append(("--text", try DatasetFolder.texts(text, modelFolder: folder)))
        }
        let sampleCount = datasets.reduce(0) { $0 + $1.dataset.count }
        var maps = try heatmap.map {
            try HeatMapOutput(
                $0, model: adaptive, folder: folder, budget: budget, inputs: files, sampleCount: sampleCount)
        }
        let predictor = try SamplePredictor(
            adaptive, folder: folder, budget: budget, language: language, beamWidth: beamWidth)
        for (name, dataset) in datasets {
            let loader = try BatchLoader(
                dataset, .inOrder(dataset.batchesInOrder(size: batchSize)), device: device, type: type,
                options: loading.options)
            while let batch = try loader.next() {
                var predictions: [Prediction] = []
                let time = try ContinuousClock().measure {
                    predictions = try predictor.predict(dataset, batch)
                    try device.synchronize()
                }
                let milliseconds = time / .milliseconds(1) / Double(batch.indices.count)
                for (index, prediction) in zip(batch.indices, predictions) {
                    let file = dataset.place(of: index) ?? name
                    let title = (dataset as? TextDataset)?.texts[index]
                    print(
                        try line(
                            prediction, file: file, title: title, index: index, milliseconds: milliseconds))
                    try maps?.add(prediction, dataset, index, place: file)
                }
            }
        }
        try maps?.finish()
    }

    private func line(
        _ prediction: Prediction, file: String, title: String?, index: Int, milliseconds: Double
    ) throws -> String {
        if json {
            guard case .object(var object) = prediction.json else { return "" }
            object["file"] = .string(file)
            object["index"] = .integer(index)
            object["milliseconds"] = .number(milliseconds)
            return try JSONValue.object(object).text(.compact)
        }
        let load = prediction.loads.map { String(format: "load %.3f", $0.load) } ?? "dense"
        let head = "\(title ?? file)  (\(load), \(String(format: "%.1f", milliseconds)) ms)"
        let classes = prediction.classes.map { String(format: "  %.3f  ", $0.probability) + $0.name }
        let transcript = prediction.transcript.map { ["  \($0)"] } ?? []
        let embedding =
            prediction.embedding.isEmpty
            ? []
            : [
                "  \(prediction.embedding.count) numbers: "
                    + prediction.embedding.prefix(6).map { String(format: "%.4f", $0) }.joined(separator: " ")
                    + " …"
            ]
        return ([head] + classes + transcript + embedding).joined(separator: "\n")
    }
}
