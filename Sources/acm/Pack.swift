import ArgumentParser
import Datasets
import Foundation
import Torch

/// Images as one file that training reads without decoding.
struct Pack: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Decodes images once and writes them as one .safetensors for training.")

    @Argument(help: "A folder of images or shards; docs/data.md lists the layouts.")
    var data: String

    @Option(help: "Safetensors file to write.")
    var output: String

    @Option(help: "Height and width; of each image the square in the middle is kept.")
    var size = 224

    @Option(help: "Part of the data, such as train or val; all takes data without parts.")
    var split = "train"

    @Option(help: "Model folder whose classes labels count in.")
    var model: String?

    @OptionGroup var loading: LoadingArguments

    func validate() throws {
        try loading.validate()
        guard (1...4096).contains(size) else {
            throw ValidationError("--size must lie in 1...4096, found \(size)")
        }
    }

    func run() throws {
        let count = try loading.listingBadSamples { badSamples in
            let store = try DatasetFolder.images(
                URL(fileURLWithPath: data), modelFolder: model.map { URL(fileURLWithPath: $0) },
                split: split.partName, badSamples: badSamples)
            let progress = PackingProgress(total: store.count)
            defer { progress.finish() }
            return try ImagePack.write(
                store, to: URL(fileURLWithPath: output), size: size, badSamples: badSamples,
                options: loading.options, progress: progress.show)
        }
        print("Wrote \(output): \(count) images of \(size) × \(size).")
    }
}

/// Shows on a terminal how many images are done.
private struct PackingProgress {
    let total: Int
    private let isTerminal = isatty(STDERR_FILENO) == 1

    init(total: Int) { self.total = total }

    func show(_ count: Int) {
        if isTerminal { write("\r\u{1B}[2K\(count)/\(total) images") }
    }

    func finish() {
        if isTerminal { write("\n") }
    }

    private func write(_ text: String) { FileHandle.standardError.write(Data(text.utf8)) }
}
