import Foundation
import TestSupport
import Testing
import Torch

/// Whole conversions of a tiny BERT.
@Suite struct ConvertTests {
    let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder(textModel: "bert_classifier")
    }

    func convert(_ output: String, steps: Int = 1, _ more: [String] = []) throws -> Program {
        try Program(
            ["convert", "model", "--data", "texts.tsv", "--output", output] + shortConversion(steps: steps)
                + more,
            in: folder)
    }

    /// The files of a folder, that of events aside, which must be one.
    func files(_ path: String) throws -> [String] {
        let names = try FileManager.default.contentsOfDirectory(atPath: folder[path].path).sorted()
        let events = names.filter { $0.hasPrefix("events.out.tfevents.") }
        #expect(events.count == (path.contains("/") ? 0 : 1), "\(names)")
        return names.filter { !events.contains($0) }
    }

    @Test func allPhases() throws {
        let ending = try convert("out").wait()
        ending.succeeds()
        #expect(ending.output == "Wrote out: 2 adaptive modules, phase finetuned.\n")
        #expect(
            try files("out") == [
                "calibration.json", "config.json", "conversion.yaml", "model.safetensors", "results.json",
                "tokenizer_config.json", "vocab.txt",
            ])
        let inspected = try acm("inspect", "out", "--json", in: folder)
        let reader = try JSONObjectReader(JSONValue(parsing: inspected.output), source: "output")
        #expect(try reader.object("acm").string("phase") == "finetuned")
        #expect(try reader.integer("adaptable_macs") > 0)
        try convert("again", ["--config", "out/conversion.yaml"]).wait().succeeds()
        let weights = try ["out", "again"].map { try Data(contentsOf: folder["\($0)/model.safetensors"]) }
        #expect(weights[0] == weights[1])
        let over = try convert("out", steps: 2).wait()
        #expect(over.status == 64 && over.errors.contains("--output \"out\" holds a finished model"))
        #expect(try Data(contentsOf: folder["out/model.safetensors"]) == weights[0])
    }

    /// Gates as they are drawn hardly tell these few letters apart.
    @Test func collapsedGatesAreNamedWithWhatHelps() throws {
        let ending = try convert("out").wait()
        ending.succeeds()
        let alarms = ending.errors.split(separator: "\n").filter {
            $0.hasPrefix("step 1: the gates of blocks.")
        }
        #expect(alarms.count == 2, "\(ending.errors)")  // of phases II and III
        #expect(
            alarms.allSatisfy {
                $0.contains("nearly every token the same choice at budget 0.57")
                    && $0.hasSuffix("raise finetuning.entropyWeight")
            }, "\(ending.errors)")
    }

    @Test func budgetsAreCalibratedAnew() throws {
        try convert("out", ["--set", "calibrationSamples=0"]).wait().succeeds()
        #expect(try !files("out").contains("calibration.json"))
        let evaluation = ["evaluate", "out", "--dense", "model", "--data", "texts.tsv", "--budgets", "0.5"]
        try Program(evaluation + ["--drift"], in: folder).wait().refuses(64, "out is not calibrated")
        let weights = try Data(contentsOf: folder["out/model.safetensors"])
        let ending = try acm("calibrate", "out", "--data", "texts.tsv", "--samples", "8", in: folder)
        ending.succeeds()
        #expect(ending.output.split(separator: "\n").last?.hasPrefix("0.99") == true)
        #expect(try Data(contentsOf: folder["out/model.safetensors"]) == weights)
        let drift = try Program(evaluation + ["--drift", "--json"], in: folder).wait()
        drift.succeeds()
        let result = try JSONObjectReader(JSONValue(parsing: drift.output), source: "output")
        let found = try #require(result.objects("budgets").first).object("drift")
        #expect(try found.double("divergence_bits") >= 0 && found.double("expected_load") > 0)
        try acm("calibrate", "model", "--data", "texts.tsv", in: folder)
            .refuses(64, "model is a dense model: convert it first")
    }

    /// Killed once in the first phase and once in the last, with and without held-out samples.
    @Test(arguments: [[], ["--set", "heldOut.share=0.4", "--set", "heldOut.steps=2"]])
    func aKilledRunGoesOn(heldOut: [String]) throws {
        let steps = 6
        let state = folder["killed/checkpoint/state.json"]
        for phase in ["distillation", "finetuning"] {
            let killed = try convert("killed", steps: steps, heldOut)
            func reached() -> Bool { (try? JSONValue(contentsOf: state))?["phase"]?.stringValue == phase }
            while killed.isRunning, !reached() { usleep(1000) }
            killed.kill()
            #expect(try killed.wait().status == 128 + SIGKILL)
            #expect(try files("killed") == ["checkpoint"])
        }
        try convert("killed", steps: steps, heldOut).wait().succeeds()
        try convert("whole", steps: steps, heldOut).wait().succeeds()
        let results = try ["killed", "whole"].map { try JSONValue(contentsOf: folder["\($0)/results.json"]) }
        #expect(results[0]["held_out"] == results[1]["held_out"])
        #expect(results[0]["held_out"]?.isNull == heldOut.isEmpty)
        for name in try files("whole") where name != "results.json" {
            let contents = try ["killed", "whole"].map { try Data(contentsOf: folder["\($0)/\(name)"]) }
            #expect(contents[0] == contents[1], "\(name)")
        }
        #expect(try files("killed") == files("whole"))
    }

    @Test func aDryRunWritesNothing() throws {
        let before = try folder.snapshot()
        let ending = try convert("out", steps: 7, ["--dry-run", "--set", "heldOut.share=0.3"]).wait()
        ending.succeeds()
        #expect(try folder.snapshot() == before)
        for part in ["held out", "2 adaptive modules of 4 learners", "GMAC", "Nothing was written."] {
            #expect(ending.output.contains(part), "\(ending.output)")
        }
        let lines = ending.output.split(separator: "\n").map {
            $0.split(separator: " ").prefix(4).map(String.init)
        }
        for phase in ["distillation", "gatePretraining", "finetuning"] {
            #expect(lines.contains([phase, "7", "4", "28"]), "\(ending.output)")
        }
        try convert("out", ["--dry-run", "--set", "learners=0"]).wait().refuses(64, "learners")
    }

    /// Before phase I, whose time would be lost.
    @Test func dataWithoutLabelsAreRefusedUnlessTheDenseModelTeachesAlone() throws {
        try folder.add("lines.txt", Data("a b\nc d e\nf\nb c\n".utf8))
        func convert(_ more: [String]) throws -> Program.Ending {
            try Program(
                ["convert", "model", "--data", "lines.txt", "--output", "out"] + shortConversion() + more,
                in: folder
            ).wait()
        }
        let before = try folder.snapshot()
        try convert([]).refuses(65, "The data has no labels; set finetuning.distillationWeight to 1")
        #expect(try folder.snapshot() == before)
        try convert(["--set", "finetuning.distillationWeight=1"]).succeeds()
    }

    @Test func modulesAreNamedOrChosen() throws {
        func kinds(_ output: String) throws -> [String] {
            let reader = try JSONObjectReader(contentsOf: folder["\(output)/config.json"]).object("acm")
            return try reader.objects("modules").map { try $0.string("kind") }
        }
        try convert("named", ["--modules", "feedForward,query"]).wait().succeeds()
        #expect(try kinds("named").sorted() == ["feedForward", "feedForward", "query", "query"])
        let ending = try convert("chosen", ["--modules", "auto", "--target-cost", "0.8"]).wait()
        ending.succeeds()
        #expect(ending.errors.contains("modules: auto took "))
        #expect(try !kinds("chosen").isEmpty)
        let options = try String(contentsOf: folder["chosen/conversion.yaml"], encoding: .utf8)
        #expect(options.contains("modules: auto\n") && options.contains("targetCost: 8e-1\n"))
        for (arguments, part) in [
            (["--modules", "feedForward,gates"], "--modules takes auto, or kinds"),
            (["--modules", "query", "--target-cost", "0.8"], "--target-cost goes with --modules auto"),
        ] {
            let refused = try convert("no", arguments).wait()
            #expect(refused.status == 64 && refused.errors.contains(part), "\(refused.errors)")
        }
        try convert("no", ["--modules", "auto", "--target-cost", "1"]).wait().refuses(64, "targetCost")
    }

    @Test func heldOutSamplesAreNotThoseThatAreTrainedOn() throws {
        try convert("out", ["--set", "heldOut.split=test"]).wait().succeeds()
        let results = try JSONObjectReader(contentsOf: folder["out/results.json"])
        #expect(try results.object("asked").integer("held_out_samples", in: 0...24) == 8)
        #expect(try results.object("asked").integer("samples", in: 0...24) == 16)
        try convert("other", ["--set", "heldOut.split=train"]).wait().refuses(65, "heldOut.split train")
    }

    @Test func phaseByPhase() throws {
        let options = ["--data", "texts.tsv"] + shortConversion()
        try Program(["distill", "model", "--output", "one"] + options, in: folder).wait().succeeds()
        for (command, from, to) in [("pretrain-gates", "one", "two"), ("finetune", "two", "three")] {
            try Program([command, from, "--output", to, "--teacher", "model"] + options, in: folder).wait()
                .succeeds()
        }
        let ending = try acm(
            "evaluate", "three", "--dense", "model", "--data", "texts.tsv", "--budgets", "1,0.5", "--json",
            in: folder)
        ending.succeeds()
        let reader = try JSONObjectReader(JSONValue(parsing: ending.output), source: "output")
        #expect(try reader.objects("budgets").map { try $0.double("budget") } == [1, 0.5])
        try acm("convert", "one", "--data", "texts.tsv", "--output", "four", in: folder)
            .refuses(64, "one is already converted")
    }

    @Test func aLossThatIsNotFiniteEndsTheRunAndKeepsTheCheckpoint() throws {
        try convert("out", steps: 4, ["--set", "distillation.optimisation.learningRate=1e30"]).wait().refuses(
            65, "The loss of distillation or its gradient is not a finite number at step",
            "lower the learning rate")
        #expect(try files("out") == ["checkpoint"])
        #expect(try files("out/checkpoint").contains("state.json"))
        let before = try folder.snapshot()
        try convert("out").wait().refuses(64, "out has an unfinished run of another model")
        #expect(try folder.snapshot() == before)
    }
}
