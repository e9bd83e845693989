import Foundation
import Torch

@testable import Evaluation

/// A folder as an evaluation writes it, of a classifier of two classes and a conversion of it.
struct ReportFixture {
    let folder: URL

    /// - Parameters:
    ///   - sampleCount: samples; of each four the dense model has three right.
    ///   - change: of `results.json` before it is written.
    init(
        sampleCount: Int = 40, fingerprint: UInt64 = 7, rightOf: [Double: Int] = [1: 3, 0.5: 2],
        change: (inout JSONObject) -> Void = { _ in }
    ) throws {
        folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let budgets = rightOf.keys.sorted(by: >)
        let runs = ([nil] + budgets.map(Optional.some)).map { budget in
            Self.run(budget, right: budget.flatMap { rightOf[$0] } ?? 3, sampleCount)
        }
        let records = try SampleRecords(
            fingerprint: fingerprint, numbers: Array(0..<sampleCount),
            tokenCounts: Array(repeating: 4, count: sampleCount),
            labels: (0..<sampleCount).map { $0 % 2 }, runs: runs)
        try records.write(to: folder.appendingPathComponent(SampleRecords.fileName))
        var results = JSONObject()
        results["format"] = 1
        results["samples"] = .integer(sampleCount)
        results["mean_tokens"] = 4.0
        results["device"] = "cpu"
        results["about"] = ["model": "some/model", "kind": "adaptive"]
        results["dense"] = ["macs": 1e6, "probe_accuracy": .null, "accuracy": 0.75]
        results["budgets"] = .array(
            budgets.map { budget in
                [
                    "budget": .number(budget), "load": .number(budget),
                    "macs": .number(1e6 * (0.2 + 0.8 * budget)),
                    "mean_cosine": 0.9, "neighbour_agreement": 0.8, "milliseconds_per_sample": 1.5,
                    "dense_milliseconds_per_sample": 2.0, "collapsed": [],
                    "modules": [
                        ["place": "blocks.0.feedForward", "histogram": [0, 10, 20, 30]],
                        ["place": "blocks.1.attention.query", "histogram": [5, 0, 5, 50]],
                    ],
                ]
            })
        change(&results)
        try JSONValue.object(results).write(to: folder.appendingPathComponent("results.json"))
    }

    private static func run(_ budget: Double?, right: Int, _ count: Int) -> SampleRun {
        SampleRun(
            budget: budget,
            values: [
                .load: (0..<count).map { Float(budget ?? 1) * (0.9 + 0.1 * Float($0) / Float(count)) },
                .top1: (0..<count).map { $0 % 4 < right ? 1 : 0 }, .top5: Array(repeating: 1, count: count),
                .prediction: (0..<count).map { Float($0 % 4 < right ? $0 % 2 : 1 - $0 % 2) },
                .confidence: Array(repeating: 0.75, count: count), .loss: Array(repeating: 0.5, count: count),
            ])
    }

    func remove() { try? FileManager.default.removeItem(at: folder) }
    func report() throws -> EvaluationReport { try EvaluationReport(folder) }
}
