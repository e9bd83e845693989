import Foundation
import TestSupport
import Testing
import Torch

/// `acm baseline`, and the other commands with what comes out.
@Suite struct BaselineTests {
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder(textModel: "bert_classifier") }

    private func train(_ method: String, _ settings: [String]) throws {
        let set = (settings + ["task.checkpointSteps=4"]).flatMap { ["--set", $0] }
        let ending = try Program(
            ["baseline", method, "model", "--data", "texts.tsv", "--output", "out"] + set, in: folder
        ).wait()
        ending.succeeds()
        #expect(ending.output.hasPrefix("Wrote out: "), "\(ending.output)")
    }

    @Test(arguments: [
        (
            "moefication", ["relu.steps=3", "routers.steps=3", "expertWidth=13", "routerWidth=2"],
            "moefication.yaml", 2
        ),
        ("ztw", ["exits.steps=3", "ensembles.steps=3"], "early_exit.yaml", 2),
        ("avit", ["optimisation.steps=3", "depth=1.5"], "token_halting.yaml", 2),
        ("depth", ["optimisation.steps=3", "blocks=1"], "depth_cut.yaml", 1),
    ]) func methods(method: String, settings: [String], options: String, rows: Int) throws {
        try train(method, settings)
        #expect(FileManager.default.fileExists(atPath: folder["out/\(options)"].path))
        // Of another model, in a folder that is used again.
        try FileManager.default.createDirectory(at: folder["report"], withIntermediateDirectories: true)
        try folder.add("report/examples.json", Data("[]".utf8))
        let evaluation = try acm(
            "evaluate", "out", "--data", "texts.tsv", "--budgets", "1,0.5", "--report", "report", "--json",
            in: folder)
        evaluation.succeeds()
        let examples = try? JSONValue(contentsOf: folder["report/examples.json"])
        #expect(examples?.arrayValue?.isEmpty != true)
        let results = try JSONValue(parsing: evaluation.output)["results"]?.arrayValue ?? []
        #expect(results.count == rows)
        #expect(results.allSatisfy { ($0["milliseconds_per_sample"]?.doubleValue ?? 0) > 0 })
        let dense = try acm(
            "evaluate", "model", "--data", "texts.tsv", "--no-timing", "--json", in: folder)
        #expect(
            try JSONValue(parsing: dense.output)["results"]?[0]?["milliseconds_per_sample"] == .null)
        let whole = try JSONValue(parsing: dense.output)["results"]?[0]?["macs"]?.doubleValue ?? 0
        let macs = results.compactMap { $0["macs"]?.doubleValue }
        #expect(macs.last ?? .infinity <= whole, "\(macs) \(whole)")
        try acm("inspect", "out", in: folder).succeeds()
        try acm(
            "benchmark", "out", "--data", "texts.tsv", "--batch-sizes", "2", "--repeats", "3", "--budgets",
            "1,0.5", "--json", "benchmark.json", in: folder
        ).succeeds()
        let timed = try JSONValue(contentsOf: folder["benchmark.json"])
        #expect(timed["data"] == "texts.tsv")
        let loads = timed["rows"]?.arrayValue?.compactMap { $0["load"]?.doubleValue } ?? []
        #expect(loads.count == rows && loads.allSatisfy { $0 > 0 && $0 < 1.1 }, "\(loads)")
        let tooFew = try acm("benchmark", "out", "--data", "texts.tsv", "--batch-sizes", "5000", in: folder)
        #expect(tooFew.status == 65 && tooFew.errors.contains("needs at least 5000 samples"))
    }

    /// Such a model has all tensors of a dense one; what came out could not be read.
    @Test func aBaselineIsNoStart() throws {
        for (key, content) in [
            ("token_merging", "is a baseline (token_merging): name the dense model"),
            ("early_exit", "is a baseline (early_exit): name the dense model"),
        ] {
            try folder.addModel("bert_classifier", changing: [key: [:]])
            let data = ["--data", "texts.tsv"]
            for command in [
                ["convert", "model"] + data, ["train-dense", "model"] + data,
                ["baseline", "ztw", "model"] + data, ["baseline", "tome", "model"],
            ] {
                try Program(command + ["--output", "out"], in: folder).wait().refuses(64, content)
            }
            try Program(["calibrate", "model"] + data, in: folder).wait().refuses(64, content)
        }
        try folder.addModel("bert_classifier", changing: ["acm": [:]])
        try acm("baseline", "ztw", "model", "--data", "texts.tsv", "--output", "out", in: folder)
            .refuses(64, "model is converted: name the dense model that it came from")
        #expect(try folder.contents() == ["model", "texts.tsv"])
    }

    @Test func wrongOptions() throws {
        let ending = try acm(
            "baseline", "moefication", "model", "--data", "texts.tsv", "--output", "out", "--set",
            "expertWidth=7", in: folder)
        #expect(ending.status == 65 || ending.status == 64)
        #expect(ending.errors.contains("cannot be parted into experts of 7"), "\(ending.errors)")
        #expect(!FileManager.default.fileExists(atPath: folder["out"].path))
    }
}
