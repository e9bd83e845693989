import AdaptiveComputation
import ArgumentParser
import Datasets
import Evaluation
import Foundation
import Torch

/// How fast models run.
struct Benchmark: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract:
            "Times models in turns, on random inputs or data: a dense one once, an adaptive one at every budget.",
        discussion: """
            Gates choose other loads for random inputs than for real ones: with --data each run takes the next batch of \
            samples, the same for all models. The load is shown. MB is the most memory \
            that a first run occupied: of the process on a CPU, of tensors on a GPU, the weights of all models \
            included. J/sample is the energy of the processors or of the GPU, where Linux or NVML tells it.
            """)

    @Argument(help: "Hugging Face model folders, of one kind of input.")
    var models: [String]

    @Option(help: "Data to take inputs from, instead of random ones; docs/data.md lists the layouts.")
    var data: String?

    @Option(help: "Part of the data: rows by a split column, a folder, a table; or all.")
    var split = "test"

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

    @Flag(
        help: """
            Run each forward pass as a CUDA graph: recorded once and launched as a whole. With --data all batches \
            must have one shape, as images have.
            """)
    var graph = false

    @Flag(inversion: .prefixedNo, help: "Measure energy too, which takes a second for each case.")
    var energy = true

    @Option(help: "JSON file to write.")
    var json: String?

    @OptionGroup var options: ModelOptions

    func validate() throws {
        try options.validate()
        _ = try numbers()
        guard (1...1_000_000).contains(tokens), repeats >= 1 else {
            throw ValidationError("--tokens must lie in 1...1000000 and --repeats be at least 1")
        }
        guard !graph || (!training && Device(options.device)?.type == .cuda) else {
            throw ValidationError("--graph goes with --device cuda, without --training")
        }
        guard data == nil || !training else { throw ValidationError("--data goes without --training") }
        if let json { try OutputFile(option: "--json", path: json).validate(inputs: models + [data]) }
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
        if let json { try OutputFile(option: "--json", path: json).requireWritable() }
        let (device, type) = try options.place()
        let loaded = try models.map {
            // Training keeps its weights in full precision.
            var model = try ModelOptions.load($0, training ? .float32 : type, device)
            if !training { try options.pack(&model, type, device) }
            return model
        }
        var benchmark = ModelBenchmark(loaded, device: device, type: type)
        benchmark.dataset = try data.map {
            try DatasetFolder.open(
                URL(fileURLWithPath: $0), modelFolder: URL(fileURLWithPath: models.first ?? ""),
                split: split.partName)
        }
        benchmark.tokenCount = tokens
        benchmark.repeatCount = repeats
        benchmark.usesGraphs = graph
        let meter = Result<any EnergyMeter, any Error> {
            guard energy else { throw EvaluationError.noEnergy("It was not asked for") }
            if device.type == .cuda { return try DeviceEnergy(device) }
            return try ProcessorEnergy()
        }
        benchmark.energy = try? meter.get()
        let rows = try sizes.flatMap {
            try training
                ? benchmark.training(batchSize: $0) : benchmark.inference(batchSize: $0, budgets: budgets)
        }
        print(table(rows))
        guard let json else { return }
        var missing = JSONObject()
        if rows.contains(where: { $0.peakMemoryBytes == nil }) {
            missing["peak_memory_bytes"] = "the system does not let the peak of resident memory start anew"
        }
        if case .failure(let error) = meter {
            missing["joules_per_sample"] = .string(error.localizedDescription)
        }
        let value: JSONValue = [
            "format": 1, "models": .array(models.map { .string($0) }),
            "task": .string(training ? "training" : "inference"), "device": .string(device.description),
            "dtype": .string(training ? type.rawValue : options.dataType), "graph": .bool(graph),
            "threads": .integer(try Runtime.threadCount()), "torch": .string(try Runtime.torchVersion()),
            "data": data.map { .string($0) } ?? .null, "tokens": data == nil ? .integer(tokens) : .null,
            "repeats": .integer(repeats),
            "energy": (try? meter.get()).map { .string($0.name) } ?? .null,
            "missing": .object(missing), "rows": .array(rows.map(\.json)),
        ]
        try value.write(to: URL(fileURLWithPath: json))
    }

    /// Columns that no row can fill are left out.
    private func table(_ rows: [BenchmarkRow]) -> String {
        let hasMemory = rows.contains { $0.peakMemoryBytes != nil }
        let hasEnergy = rows.contains { $0.joulesPerSample != nil }
        var table = ColumnTable(
            header: (models.count > 1 ? ["model"] : [])
                + ["budget", "batch", "load", "ms", "p10", "p90", "p99", "samples/s"]
                + (hasMemory ? ["MB"] : []) + (hasEnergy ? ["J/sample"] : []))
        func cell(_ number: Double?, _ digits: Int) -> String {
            number.map { String(format: "%.\(digits)f", $0) } ?? "–"
        }
        for row in rows {
            let times = [row.timing.median] + [0.1, 0.9, 0.99].map(row.timing.quantile)
            table.add(
                (models.count > 1 ? [URL(fileURLWithPath: models[row.model]).lastPathComponent] : [])
                    + [row.budget.map { cell($0, 2) } ?? "dense", "\(row.batchSize)", cell(row.load, 3)]
                    + times.map { cell($0, 3) } + [cell(row.samplesPerSecond, 1)]
                    + (hasMemory ? [cell(row.peakMemoryBytes.map { Double($0) / 1e6 }, 0)] : [])
                    + (hasEnergy ? [cell(row.joulesPerSample, 4)] : []))
        }
        return table.text
    }
}
