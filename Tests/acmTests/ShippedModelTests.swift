import Evaluation
import Foundation
import TestSupport
import Testing
import Torch

/// `Examples/glyphs/letters`: gates that were trained in earnest, on letters of fonts that they have not seen.
@Suite struct ShippedModelTests {
    static let letters = Goldens.folder.deletingLastPathComponent().deletingLastPathComponent()
        .appendingPathComponent("Examples/glyphs/letters")
    static let sample = letters.appendingPathComponent("sample.safetensors")

    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    func evaluate(budgets: String, _ type: String = "float32") throws {
        try acm(
            "evaluate", Self.letters.path, "--data", Self.sample.path, "--split", "all", "--budgets", budgets,
            "--dtype", type, "--no-timing", "--report", "report", in: folder
        ).succeeds()
    }

    @Test(arguments: ["float32", "bfloat16", "int8"])
    func fewerLearnersReadAsWell(type: String) throws {
        try evaluate(budgets: "1,0.5,0.25", type)
        let results = try JSONValue(contentsOf: folder["report/results.json"])
        let rows = try #require(results["results"]?.arrayValue)
        let costs = try rows.map { try #require($0["macs"]?.doubleValue) }
        #expect(rows.count == 3 && costs[1] < 0.75 * costs[0] && costs[2] < 0.6 * costs[0])
        for (row, budget) in zip(rows, [1, 0.5, 0.25]) {
            let load = try #require(row["load"]?.doubleValue)
            let accuracy = try #require(row["classes"]?["top1"]?.doubleValue)
            #expect(abs(load - budget) < 0.05 && accuracy > 0.93, "\(type) at \(budget)")
            #expect(row["collapsed"]?.arrayValue?.isEmpty == true)
        }
    }

    @Test func inkGetsMoreThanPaper() throws {
        try evaluate(budgets: "0.5")
        let images = try #require(SafetensorsFile(Self.sample).tensors()["images"]).to(nil, .float32)
        let examples = try SampleExample.read(folder["report/examples.json"])
        #expect(examples.count == 8)
        for example in examples {
            let patches = try images.slice(example.number..<example.number + 1, axis: 0).reshaped([
                4, 14, 4, 14,
            ])
            let contrast = try (patches.maximum(axes: [1, 3]) - patches.minimum(axes: [1, 3])).array(
                of: Float.self)
            func meanLoad(isInked: Bool) -> Float {
                let loads = zip(example.tokenLoads, contrast).filter { ($1 > 64) == isInked }.map {
                    Float($0.0)
                }
                return loads.reduce(0, +) / Float(loads.count)
            }
            #expect(meanLoad(isInked: true) > 1.3 * meanLoad(isInked: false), "\(example.number)")
        }
    }
}
