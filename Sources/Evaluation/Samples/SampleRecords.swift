import Foundation
import Torch

/// What an evaluation keeps of each sample, so that intervals and comparisons can be computed later.
public struct SampleRecords: Sendable, Equatable {
    /// Tells the data; two evaluations with the same number can be paired sample by sample.
    public let fingerprint: UInt64
    /// The samples that could be read, by their numbers in the data, ascending.
    public let numbers: [Int]
    /// Real tokens of each sample.
    public let tokenCounts: [Int]
    /// The true class of each sample; empty for data without classes.
    public let labels: [Int]
    public let runs: [SampleRun]

    public var count: Int { numbers.count }

    /// - Throws: ``EvaluationError/mismatch(_:)`` unless there is one number for each sample.
    public init(
        fingerprint: UInt64, numbers: [Int], tokenCounts: [Int], labels: [Int], runs: [SampleRun]
    ) throws {
        let lengths =
            [tokenCounts.count] + (labels.isEmpty ? [] : [labels.count])
            + runs.flatMap { $0.values.values.map(\.count) }
        if let wrong = lengths.first(where: { $0 != numbers.count }) {
            throw EvaluationError.mismatch("\(numbers.count) samples have \(wrong) numbers of one kind")
        }
        self.fingerprint = fingerprint
        self.numbers = numbers
        self.tokenCounts = tokenCounts
        self.labels = labels
        self.runs = runs
    }

    /// Of what was collected, in the order of the data.
    init(_ part: EvaluationPart, budgets: [Double?], fingerprint: UInt64) throws {
        let order = part.numbers.indices.sorted { part.numbers[$0] < part.numbers[$1] }
        try self.init(
            fingerprint: fingerprint, numbers: order.map { part.numbers[$0] },
            tokenCounts: order.map { part.tokenCounts[$0] },
            labels: part.labels.isEmpty ? [] : order.map { part.labels[$0] },
            runs: zip(budgets, part.runs).map { SampleRun(budget: $0, values: $1.values).reordered(order) })
    }

    /// The run of a budget; nil asks for the dense model's.
    public func run(budget: Double?) -> SampleRun? { runs.first { $0.budget == budget } }

    public static let fileName = "samples.safetensors"

    /// Writes a safetensors file: `numbers` int64, `tokens` and `labels` int32, all `[samples]`, and for each
    /// run, by its place, and measure `0.load` and so on, `[samples]` float32, or uint8 for what is 0 or 1. The
    /// metadata has `fingerprint` and the runs' names, `dense` or a budget, with commas between as `runs`.
    ///
    /// - Throws: `FileError`.
    public func write(to url: URL) throws {
        var tensors = [
            ("numbers", try Tensor(numbers)), ("tokens", try Tensor(tokenCounts).to(nil, .int32)),
        ]
        if !labels.isEmpty { tensors.append(("labels", try Tensor(labels).to(nil, .int32))) }
        for (place, run) in runs.enumerated() {
            for (measure, numbers) in run.values {
                tensors.append(
                    (
                        "\(place).\(measure.rawValue)",
                        try Tensor(numbers).to(nil, measure.isFlag ? .uint8 : .float32)
                    ))
            }
        }
        try SafetensorsWriter.write(
            tensors, to: url,
            metadata: [
                "format": "pt", "fingerprint": "\(fingerprint)",
                "runs": runs.map(\.name).joined(separator: ","),
            ])
    }

    /// Reads what ``write(to:)`` wrote.
    ///
    /// - Throws: ``EvaluationError/mismatch(_:)``, `SafetensorsError` or `FileError`.
    public init(contentsOf url: URL) throws {
        let file = try SafetensorsFile(url)
        guard let names = file.metadata["runs"],
            let fingerprint = file.metadata["fingerprint"].flatMap({ UInt64($0) })
        else {
            throw EvaluationError.mismatch("\(url.relativePath) holds no records of samples")
        }
        let tensors = try file.tensors()
        func integers(_ name: String) throws -> [Int] {
            try tensors[name]?.to(nil, .int64).array(of: Int.self) ?? []
        }
        guard let budgets = SampleRun.budgets(named: names) else {
            throw EvaluationError.mismatch(
                "\(url.relativePath) names the runs \"\(names)\", which are not all dense or a budget")
        }
        let runs = try budgets.enumerated().map { place, budget in
            var values: [Measure: [Float]] = [:]
            for measure in Measure.allCases {
                values[measure] = try tensors["\(place).\(measure.rawValue)"]?.to(nil, .float32)
                    .array(of: Float.self)
            }
            return SampleRun(budget: budget, values: values)
        }
        try self.init(
            fingerprint: fingerprint, numbers: integers("numbers"), tokenCounts: integers("tokens"),
            labels: integers("labels"), runs: runs)
    }
}
