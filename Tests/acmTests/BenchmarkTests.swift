import Foundation
import TestSupport
import Testing
import Torch

@Suite struct BenchmarkTests {
    @Test func theTableAndTheFile() throws {
        let folder = try TemporaryFolder()
        try folder.addModel("vit_classifier")
        let ending = try acm(
            "benchmark", "model", "model", "--batch-sizes", "1,3", "--repeats", "2", "--json", "b.json",
            in: folder)
        ending.succeeds()
        let lines = ending.output.split(separator: "\n")
        #expect(lines[0].hasPrefix("model  budget  batch   load"))
        #expect(lines[0].contains("p99  samples/s") && lines.count == 6)
        let json = try JSONValue(contentsOf: folder["b.json"])
        #expect(json["graph"] == .bool(false) && json["device"] == "cpu" && json["dtype"] == "float32")
        let rows = try #require(json["rows"]?.arrayValue)
        #expect(rows.compactMap { $0["model"]?.integerValue } == [0, 1, 0, 1])
        #expect(rows.compactMap { $0["batch_size"]?.integerValue } == [1, 1, 3, 3])
        for key in ["peak_memory_bytes", "joules_per_sample"] {
            // A number, or why there is none.
            let isThere = rows.allSatisfy { ($0[key]?.doubleValue ?? 0) > 0 }
            #expect(isThere != (json["missing"]?[key] != nil), "\(key)")
        }
    }

    @Test func graphsWantAGPU() throws {
        let folder = try TemporaryFolder()
        try folder.addModel("vit_classifier")
        for more in [[], ["--device", "cuda", "--training"]] {
            let ending = try Program(["benchmark", "model", "--graph"] + more, in: folder).wait()
            #expect(ending.status == 64)
            #expect(ending.errors.contains("--graph goes with --device cuda, without --training"))
        }
    }

    /// Not that of the program which started it, which is larger here.
    @Test func thePeakIsOfTheProgramAlone() throws {
        let folder = try TemporaryFolder()
        try folder.addModel("vit_classifier")
        let bytes = 512 << 20
        let peak = try Tensor.ones([bytes / 4]).withBytes { _ in
            try acm(
                "benchmark", "model", "--batch-sizes", "1", "--repeats", "1", "--json", "b.json", in: folder
            )
            .succeeds()
            return try JSONValue(contentsOf: folder["b.json"])["rows"]?[0]?["peak_memory_bytes"]
        }
        if let peak = peak?.integerValue { #expect(peak < bytes) }
    }
}
