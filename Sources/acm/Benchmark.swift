import AdaptiveComputation
import ArgumentParser
import Evaluation
import Foundation
import Torch

/// How fast models run.
struct Benchmark: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract:
            "Times models on random inputs, in turns: a dense one once, an adaptive one at every budget.",
        discussion: "Gates choose other loads for random inputs than for real ones; the load is shown.")

    @Argument(help: "Hugging Face model folders, of one kind of input.")
    var models: [String]

    @Option(help: "Batch sizes, with commas between.")
    var batchSizes = "1,32"

    @Option(help: "Budgets, with commas between.")
    var budgets = "1,0.75,0.5,0.25"

    @Option(help: "Tokens of a text (Whisper's too), frames of speech; images have their model's size.")
    var tokens = 128

    @Option(help: "Timed runs of each case, after one to warm up.")
    var repeats = 20

    @Flag(help: "Time training steps instead: forward, backward, clipping, Adam.")
    var training = false

    @Option(help: "JSON file to write.")
    var json: String?

    @OptionGroup var options: ModelOptions

    func validate() throws {
        try options.validate()
        _ = try numbers()
        guard (1...1_000_000).contains(tokens), repeats >= 1 else {
            throw ValidationError("--tokens must lie in 1...1000000 and --repeats be at least 1")
        }
    }

    private func numbers() throws -> (batchSizes: [Int], budgets: [Double]) {
        let sizes = batchSizes.split(separator: ",").map { Int($0) ?? 0 }
        guard !sizes.isEmpty, sizes.allSatisfy((1...1_000_000).contains) else {
            throw ValidationError(
                "--batch-sizes takes whole numbers in 1...1000000 with commas between, found \"\(batchSizes)\""
            )
        }
        guard let budgets = Budgets(self.budgets) else { throw Budgets.invalid(self.budgets) }
        return (sizes, budgets.values)
    }

    func run() throws {
        let (sizes, budgets) = try numbers()
        let (device, type) = try options.place()
        let loaded = try models.map {
            // Training keeps its weights in full precision.
            var model = try ModelOptions.load($0, training ? .float32 : type, device)
            if !training { try options.pack(&model, type, device) }
            return model
        }
        let benchmark = ModelBenchmark(
            loaded, device: device, type: type, tokenCount: tokens, repeatCount: repeats)
        let rows = try sizes.flatMap {
            try training
                ? benchmark.training(batchSize: $0) : benchmark.inference(batchSize: $0, budgets: budgets)
        }
        var table = ColumnTable(header: ["budget", "batch", "load", "ms", "p10", "p90", "samples/s"])
        for row in rows {
            table.add(
                [row.budget.map { String(format: "%.2f", $0) } ?? "dense", "\(row.batchSize)"]
                    + [row.load, row.timing.median, row.timing.quantile(0.1), row.timing.quantile(0.9)]
                    .map { String(format: "%.3f", $0) }
                    + [String(format: "%.1f", row.samplesPerSecond)])
        }
        print(table.text)
        guard let json else { return }
        let value: JSONValue = [
            "format": 1, "models": .array(models.map { .string($0) }),
            "task": .string(training ? "training" : "inference"), "device": .string(device.description),
            "dtype": .string(type.rawValue), "threads": .integer(try Runtime.threadCount()),
            "torch": .string(try Runtime.torchVersion()), "tokens": .integer(tokens),
            "repeats": .integer(repeats), "rows": .array(rows.map(\.json)),
        ]
        try value.write(to: URL(fileURLWithPath: json))
    }
}
