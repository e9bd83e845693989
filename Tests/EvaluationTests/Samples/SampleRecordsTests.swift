import Foundation
import Testing
import Torch

@testable import Evaluation

@Suite struct SampleRecordsTests {
    private func temporary() -> URL {
        FileManager.default.temporaryDirectory.appendingPathComponent("\(UUID().uuidString).safetensors")
    }

    @Test func aFileGivesTheSameRecords() throws {
        let records = try SampleRecords(
            fingerprint: .max, numbers: [1, 2, 9], tokenCounts: [3, 4, 5], labels: [0, 1, 1],
            runs: [
                SampleRun(budget: nil, values: [.top1: [1, 0, 1], .load: [1, 1, 1]]),
                SampleRun(budget: 0.35, values: [.cosine: [0.5, 0.25, 1], .load: [0.1, 0.2, 0.3]]),
            ])
        let url = temporary()
        defer { try? FileManager.default.removeItem(at: url) }
        try records.write(to: url)
        #expect(try SampleRecords(contentsOf: url) == records)
        #expect(records.run(budget: 0.35)?.name == "0.35" && records.run(budget: nil)?.name == "dense")
        #expect(records.run(budget: 0.5) == nil)
        // A byte for what is 0 or 1.
        #expect(try SafetensorsFile(url).tensor("0.top1").dataType == .uint8)
    }

    @Test func otherFilesAreRefused() throws {
        let url = temporary()
        defer { try? FileManager.default.removeItem(at: url) }
        try SafetensorsWriter.write([("numbers", Tensor([1]))], to: url)
        #expect(throws: EvaluationError.self) { try SampleRecords(contentsOf: url) }
        let metadata = ["fingerprint": "1", "runs": "dense,2"]
        try SafetensorsWriter.write([("numbers", Tensor([1]))], to: url, metadata: metadata)
        #expect(throws: EvaluationError.self) { try SampleRecords(contentsOf: url) }
        #expect(throws: EvaluationError.self) {
            try SampleRecords(fingerprint: 0, numbers: [1], tokenCounts: [], labels: [], runs: [])
        }
    }

    @Test func predictionsAreNamed() throws {
        let records = try SampleRecords(
            fingerprint: 0, numbers: [0, 1], tokenCounts: [1, 1], labels: [1, 2],
            runs: [SampleRun(budget: 1, values: [.prediction: [0, 2]])])
        #expect(records.predictions(classNames: ["a", "b"]) == "label\t1.0\nb\ta\n2\t2\n")
        let other = try SampleRecords(fingerprint: 0, numbers: [0], tokenCounts: [1], labels: [], runs: [])
        #expect(other.predictions(classNames: []) == nil)
    }
}
