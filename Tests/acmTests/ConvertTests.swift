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

    func files(_ path: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: folder[path].path).sorted()
    }

    @Test func allPhases() throws {
        let ending = try convert("out").wait()
        ending.succeeds()
        #expect(ending.output == "Wrote out: 2 adaptive modules, phase finetuned.\n")
        #expect(
            try files("out") == [
                "config.json", "conversion.yaml", "model.safetensors", "tokenizer_config.json", "vocab.txt",
            ])
        let inspected = try acm("inspect", "out", "--json", in: folder)
        let reader = try JSONObjectReader(JSONValue(parsing: inspected.output), source: "output")
        #expect(try reader.object("acm").string("phase") == "finetuned")
        #expect(try reader.integer("adaptable_macs") > 0)
        try convert("again", ["--config", "out/conversion.yaml"]).wait().succeeds()
        let weights = try ["out", "again"].map { try Data(contentsOf: folder["\($0)/model.safetensors"]) }
        #expect(weights[0] == weights[1])
    }

    /// Killed once in the first phase and once in the last.
    @Test func aKilledRunGoesOn() throws {
        let steps = 6
        let state = folder["killed/checkpoint/state.json"]
        for phase in ["distillation", "finetuning"] {
            let killed = try convert("killed", steps: steps)
            func reached() -> Bool { (try? JSONValue(contentsOf: state))?["phase"]?.stringValue == phase }
            while killed.isRunning, !reached() { usleep(1000) }
            killed.kill()
            #expect(try killed.wait().status == 128 + SIGKILL)
            #expect(try files("killed") == ["checkpoint"])
        }
        try convert("killed", steps: steps).wait().succeeds()
        try convert("whole", steps: steps).wait().succeeds()
        for name in try files("whole") {
            let contents = try ["killed", "whole"].map { try Data(contentsOf: folder["\($0)/\(name)"]) }
            #expect(contents[0] == contents[1], "\(name)")
        }
        #expect(try files("killed") == files("whole"))
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
            65, "The loss of distillation or its gradient is not a finite number at step", "lower the learning rate")
        #expect(try files("out") == ["checkpoint"])
        #expect(try files("out/checkpoint").contains("state.json"))
        let before = try folder.snapshot()
        try convert("out").wait().refuses(64, "out has an unfinished run of another model")
        #expect(try folder.snapshot() == before)
    }
}
