import ArgumentParser
import Conversion
import Datasets
import Foundation
import Torch

/// Images or recordings as one file that is read without decoding.
struct Pack: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Decodes images or recordings once and writes them as one .safetensors.")

    @Argument(help: "Images, recordings or shards; docs/data.md lists the layouts.")
    var data: String

    @Option(help: "Safetensors file to write.")
    var output: String

    @Option(help: "Height and width, 224 unless told; of each image the square in the middle is kept.")
    var size: Int?

    @Option(help: "Part of the data, such as train or val; all takes data without parts.")
    var split = "train"

    @Option(help: "Model folder whose classes labels count in.")
    var model: String?

    @OptionGroup var loading: LoadingArguments

    func validate() throws {
        try loading.validate()
        if let size, !(1...4096).contains(size) {
            throw ValidationError("--size must lie in 1...4096, found \(size)")
        }
        // A pack may lie in the folder that it is made of, where nothing reads it: made anew it takes its own place.
        let isPackBeside = output.hasSuffix(".safetensors") && !data.hasSuffix(".safetensors")
        try OutputFile(option: "--output", path: output).validate(inputs: [isPackBeside ? nil : data, model])
    }

    func run() throws {
        try OutputFile(option: "--output", path: output).requireWritable()
        let done = try loading.listingBadSamples { badSamples in
            let (store, areRecordings) = try DatasetFolder.encoded(
                URL(fileURLWithPath: data), modelFolder: model.map { URL(fileURLWithPath: $0) },
                split: split.partName, badSamples: badSamples)
            return try areRecordings ? pack(recordings: store, badSamples) : pack(images: store, badSamples)
        }
        print("Wrote \(output): \(done).")
    }

    /// Says what was written.
    private func pack(recordings: any SampleStore, _ badSamples: BadSamples) throws -> String {
        guard size == nil, model == nil else {
            throw ConversionError.option("--size and --model go with images; \(data) has recordings")
        }
        let progress = PackingProgress("recordings", total: recordings.count)
        defer { progress.finish() }
        let (count, seconds) = try SpeechPack.write(
            recordings, to: URL(fileURLWithPath: output), badSamples: badSamples, options: loading.options,
            progress: progress.show)
        return String(format: "%d recordings, %.1f min", count, seconds / 60)
    }

    private func pack(images store: any SampleStore, _ badSamples: BadSamples) throws -> String {
        let progress = PackingProgress("images", total: store.count)
        defer { progress.finish() }
        let size = self.size ?? 224
        let count = try ImagePack.write(
            store, to: URL(fileURLWithPath: output), size: size, badSamples: badSamples,
            options: loading.options, progress: progress.show)
        return "\(count) images of \(size) × \(size)"
    }
}

/// Shows on a terminal how many samples are done.
private struct PackingProgress {
    let things: String
    let total: Int
    private let isTerminal = isatty(STDERR_FILENO) == 1

    init(_ things: String, total: Int) {
        self.things = things
        self.total = total
    }

    func show(_ count: Int) {
        if isTerminal { write("\r\u{1B}[2K\(count)/\(total) \(things)") }
    }

    func finish() {
        if isTerminal { write("\n") }
    }

    private func write(_ text: String) { StandardError.write(text) }
}
