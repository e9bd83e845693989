import Evaluation
import Foundation
import Preprocessing
import TestSupport
import Testing
import Torch

/// `acm evaluate --report`, and what is made of it: `acm report`, `acm compare`, `--require`, `--corruptions`.
@Suite struct ReportTests {
    let folder: TemporaryFolder

    /// Images of four colours for a golden DeiT, and a conversion of it.
    init() throws {
        folder = try TemporaryFolder()
        try folder.addModel("deit_classifier")
        try folder.addImageProcessor(size: 24)
        try Runtime.seed(3)
        let labels = (0..<24).map { $0 % 4 }
        let offsets = try Tensor(labels.map { Float($0 * 50) }, shape: [24, 1, 1, 1])
        let images = try (Tensor.uniform([24, 3, 40, 40]) * 60 + offsets).to(nil, .uint8)
        try SafetensorsWriter.write(
            [("images", images), ("labels", Tensor(labels))], to: folder["images.safetensors"])
        try Program(
            ["convert", "model", "--data", "images.safetensors", "--output", "adaptive", "--split", "all"]
                + shortConversion(), in: folder
        ).wait().succeeds()
    }

    func evaluate(_ model: String, _ report: String?, _ more: String...) throws -> Program.Ending {
        try Program(
            ["evaluate", model, "--data", "images.safetensors", "--split", "all", "--budgets", "1,0.5"]
                + (report.map { ["--report", $0] } ?? []) + more, in: folder
        ).wait()
    }

    func files(_ path: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: folder[path].path).sorted()
    }

    @Test func evaluationsBecomeOnePage() throws {
        try evaluate("adaptive", "first", "--dense", "model").succeeds()
        try evaluate("model", "second").succeeds()
        #expect(
            try files("first") == [
                "examples.json", "frontier.svg", "predictions.tsv", "report.html", "results.json",
                "samples.safetensors",
            ])
        let results = try JSONValue(contentsOf: folder["first/results.json"])
        #expect(results["about"]?["kind"] == "adaptive" && results["about"]?["dense"] == "model")
        // Blocks cost the same, so that their mean is the whole.
        for example in try SampleExample.read(folder["first/examples.json"]) {
            let blocks = try #require(example.blockLoads)
            // As the model names it, so that right and wrong can be told.
            #expect(example.truth == "LABEL_\(example.number % 4)")
            #expect(blocks.map(\.block) == [0, 1] && !example.tokenLoads.isEmpty)
            for (patch, load) in example.tokenLoads.enumerated() {
                #expect(abs(blocks.reduce(0) { $0 + $1.loads[patch] } / 2 - load) < 2e-3)
            }
        }
        let ending = try acm(
            "report", "first", "second", "--output", "page.html", "--title", "a & b", in: folder)
        ending.succeeds()
        #expect(ending.output == "Wrote page.html\n")
        let page = try String(contentsOf: folder["page.html"], encoding: .utf8)
        #expect(page.contains("<title>a &amp; b</title>") && page.contains("data:image/jpeg;base64,"))

        try FileManager.default.removeItem(at: folder["first/results.json"])
        let partial = try acm("report", "first", in: folder)
        partial.succeeds()
        #expect(partial.errors.contains("first: results.json is missing"))
        #expect(
            try String(contentsOf: folder["first/report.html"], encoding: .utf8).contains(
                "This report is partial"))
        try acm("report", "none", in: folder).refuses(66, "none")
        try FileManager.default.createDirectory(at: folder["empty"], withIntermediateDirectories: true)
        try acm("report", "empty", in: folder).refuses(65, "empty holds no evaluation")
        try FileManager.default.createDirectory(
            at: folder["empty/results.json"], withIntermediateDirectories: false)
        try acm("report", "empty", in: folder).refuses(65, "expected a regular file, found a folder.")
    }

    /// Packed images need no decoder, and what is drawn of them is no number.
    @Test func withoutTheMediaLibraryNothingButImagesIsMissing() throws {
        try evaluate("adaptive", "with", "--dense", "model").succeeds()
        let ending = try Program(
            [
                "evaluate", "adaptive", "--data", "images.safetensors", "--split", "all", "--budgets",
                "1,0.5", "--dense", "model", "--report", "without",
            ], in: folder, environment: ["ACM_MEDIA_LIBRARY": folder["none.so"].path]
        ).wait()
        ending.succeeds()
        let sentence = "Single samples are shown without their images: cannot use the media library"
        #expect(ending.errors.contains(sentence) && ending.errors.contains("none.so"), "\(ending.errors)")
        #expect(try files("without") == files("with"))
        let results = try JSONValue(contentsOf: folder["without/results.json"])
        #expect(results["missing"]?[0]?.stringValue?.hasPrefix(sentence) == true)
        #expect(results["budgets"]?.arrayValue?.count == 2 && results["about"]?["dense"] == "model")
        #expect(try JSONValue(contentsOf: folder["with/results.json"])["missing"] == nil)
        let page = try String(contentsOf: folder["without/report.html"], encoding: .utf8)
        #expect(page.contains("This report is partial") && page.contains(sentence))
        #expect(page.contains("class=\"patch\"") && !page.contains("<img"))
    }

    @Test func samplesThatCannotBeReadAreTold() throws {
        let images = try (Tensor.uniform([6, 3, 24, 24]) * 255).to(nil, .uint8)
        for number in 0..<5 {
            try FileManager.default.createDirectory(
                at: folder["images/class\(number)"], withIntermediateDirectories: true)
        }
        for index in 0..<6 {
            try folder.add(
                "images/class\(index % 5)/\(index).png",
                index == 3 ? Data("no image".utf8) : ImageEncoder.png(images.select(index, axis: 0)))
        }
        let ending = try Program(
            [
                "evaluate", "adaptive", "--dense", "model", "--data", "images", "--split", "all",
                "--skip-bad", "--budgets", "1,0.5", "--report", "bad",
            ], in: folder
        ).wait()
        ending.succeeds()
        let sentence = "1 of 6 samples cannot be read and are left out."
        #expect(
            try JSONValue(contentsOf: folder["bad/results.json"])["missing"] == [.string(sentence)])
        #expect(try String(contentsOf: folder["bad/report.html"], encoding: .utf8).contains(sentence))
    }

    /// After a step of training gates tell nothing apart; without the dense model that is told, too.
    @Test func collapseAndDriftAreKnownWithoutTheDenseModel() throws {
        let alone = try JSONValue(parsing: evaluate("adaptive", "alone", "--json").output)
        let beside = try JSONValue(parsing: evaluate("adaptive", nil, "--dense", "model", "--json").output)
        let found = try #require(alone["results"]?.arrayValue)
        let wanted = try #require(beside["budgets"]?.arrayValue)
        #expect(found.map { $0["collapsed"] } == wanted.map { $0["collapsed"] })
        #expect(found.map { $0["drift"] } == wanted.map { $0["drift"] })
        #expect(wanted.contains { $0["collapsed"]?.arrayValue?.isEmpty == false })
        #expect(wanted.allSatisfy { $0["drift"]?["divergence_bits"]?.doubleValue != nil })
        let page = try String(contentsOf: folder["alone/report.html"], encoding: .utf8)
        #expect(page.contains("<h3>Gate collapse</h3>"))
    }

    @Test func requirementsDecideTheExitStatus() throws {
        let met = try evaluate(
            "adaptive", "first", "--require", "top1>=0 at budget 0.5", "--require", "load<=1")
        met.succeeds()
        #expect(met.errors.contains("The requirement \"top1>=0 at budget 0.5\" is met: "))
        try evaluate("adaptive", nil, "--require", "load>1").refuses(
            3, "\"load>1\" is not met: 1.0000 at budget 1.00")
        try evaluate("adaptive", nil, "--require", "wer<1").refuses(65, "asks for a number")
        let wrong = try evaluate("adaptive", nil, "--require", "top1")
        #expect(
            wrong.status == 64 && wrong.errors.contains("expected >=, <=, > or < behind top1"),
            "\(wrong.errors)")
    }

    @Test func evaluationsAreCompared() throws {
        try evaluate("adaptive", "first").succeeds()
        try evaluate("model", "second").succeeds()
        let same = try acm("compare", "first", "first", "--json", in: folder)
        same.succeeds()
        let rows = try JSONValue(parsing: same.output)["rows"]?.arrayValue ?? []
        #expect(
            rows.count == 2
                && rows.allSatisfy { $0["verdict"] == "undecided" && $0["mcnemar"]?["probability"] == 1.0 })
        let text = try acm("compare", "second", "first", in: folder)
        text.succeeds()
        #expect(
            text.output.hasPrefix("top-1 accuracy of model (first) and adaptive (second), 24 paired samples"))
        try acm("compare", "first", "first", "--require", "difference top1>0", in: folder)
            .refuses(3, "is not met: 0.0000 at budget 1.00")
        try acm("compare", "first", "none", in: folder).refuses(66, "none")
        try evaluate("model", "few", "--samples", "12").succeeds()
        try acm("compare", "first", "few", in: folder).refuses(65, "evaluations of other data")
    }

    @Test func imagesAreCorrupted() throws {
        let ending = try evaluate(
            "adaptive", "out", "--dense", "model", "--corruptions", "fog,contrast", "--severities", "1,5",
            "--json")
        ending.succeeds()
        let result = try JSONValue(contentsOf: folder["out/robustness.json"])
        #expect(try JSONValue(parsing: ending.output) == result)
        // Clean and four kinds, of three runs.
        #expect(result["cells"]?.arrayValue?.count == 15 && result["summary"]?.arrayValue?.count == 3)
        #expect(result["cells"]?.arrayValue?.allSatisfy { $0["samples"]?.integerValue == 24 } == true)
        #expect(try files("out") == ["report.html", "robustness.json"])
        #expect(
            try String(contentsOf: folder["out/report.html"], encoding: .utf8).contains("Corrupted images"))
        // The clean images are those of an evaluation without corruptions.
        let plain = try JSONValue(parsing: evaluate("model", nil, "--json").output)
        let top1 = try #require(plain["results"]?[0]?["classes"]?["top1"]?.doubleValue)
        let clean = try #require(result["summary"]?[0]?["clean_error"]?.doubleValue)
        #expect(abs(1 - top1 - clean) < 1e-9)
        for (options, part) in [
            (["--corruptions", "rain"], "--corruptions must be all, or some of"),
            (["--corruptions", "fog", "--severities", "6"], "--severities must be some of 1 to 5"),
            (["--corruptions", "fog", "--require", "top1>0"], "--corruptions goes without"),
            (["--normalize", "spaces"], "--normalize takes none, or some of"),
        ] {
            let wrong = try Program(
                ["evaluate", "model", "--data", "images.safetensors"] + options, in: folder
            ).wait()
            #expect(wrong.status == 64 && wrong.errors.contains(part), "\(wrong.errors)")
        }
    }
}
