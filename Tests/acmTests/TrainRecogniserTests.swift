import Foundation
import TestSupport
import Testing
import Torch

/// `acm train-dense`, `pack` and `evaluate` of recognisers of letters.
@Suite struct TrainRecogniserTests {
    let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
        try TinySpeech.addModel(to: folder["model"], masks: true)
        try TinySpeech.addData(to: folder["speech"])
    }

    func train(
        _ output: String, data: String = "speech", steps: Int = 150, _ more: [String] = []
    ) throws -> Program {
        try Program(
            [
                "train-dense", "model", "--data", data, "--output", output, "--threads", "1", "--workers",
                "1",
                "--set", "optimisation.batchSize=8", "--set", "optimisation.learningRate=4e-3",
                "--set", "optimisation.steps=\(steps)", "--set", "checkpointSteps=5",
            ] + more, in: folder)
    }

    @Test func speechIsLearntAndMeasured() throws {
        let ending = try train("out").wait()
        ending.succeeds()
        #expect(ending.output.hasPrefix("Wrote out: 150 steps.\nbudget  load  MMACs"), "\(ending.output)")
        let results = try JSONValue(contentsOf: folder["out/results.json"])
        let errors = try #require(results["test"])
        #expect((errors["character_error_rate"]?.doubleValue ?? 1) < 0.3, "\(ending.output)")
        #expect(errors["samples"]?.integerValue == 8)
        #expect(results["training"]?["weights"] == "new")

        // The same by `acm evaluate`, of the packed recordings too, and of a conversion at budgets.
        let packing = try acm("pack", "speech", "--split", "test", "--output", "test.safetensors", in: folder)
        packing.succeeds()
        #expect(packing.output.hasPrefix("Wrote test.safetensors: 8 recordings, 0.0 min."))
        for data in ["speech", "test.safetensors"] {
            let alone = try acm("evaluate", "out", "--data", data, "--json", in: folder)
            alone.succeeds()
            let row = try JSONValue(parsing: alone.output)["results"]?.arrayValue?.first
            #expect(row?["budget"] == .null, "\(alone.output)")
            for key in ["word_error_rate", "character_error_rate"] {
                #expect(row?["errors"]?[key] == errors[key], "\(data) \(key)")
            }
        }
        try Program(
            ["convert", "out", "--data", "speech", "--output", "adaptive"] + shortConversion(), in: folder
        ).wait().succeeds()
        let adaptive = try acm(
            "evaluate", "adaptive", "--data", "test.safetensors", "--budgets", "1,0.25", "--report", "report",
            in: folder)
        adaptive.succeeds()
        let rows = adaptive.output.split(separator: "\n").map { $0.split(separator: " ") }
        #expect(rows[0] == ["budget", "load", "MMACs", "WER", "CER", "ms/sample", "samples"])
        #expect(rows.dropFirst(2).map(\.first) == ["1.00", "0.25"])
        let samples = try SafetensorsFile(folder["report/samples.safetensors"])
        let (wrong, words) = (try samples.tensor("1.word_errors"), try samples.tensor("1.words"))
        let rate = try wrong.sum().item(Double.self) / words.sum().item(Double.self)
        #expect(abs(rate - (Double(rows[3][3]) ?? -1)) < 1e-4)
        let examples = try JSONValue(contentsOf: folder["report/examples.json"]).arrayValue ?? []
        #expect(examples.contains { $0["alignment"]?["pairs"]?.arrayValue?.isEmpty == false })
    }

    @Test func aKilledRunGoesOn() throws {
        let killed = try train("killed", steps: 40)
        let state = folder["killed/checkpoint/state.json"]
        while killed.isRunning, !FileManager.default.fileExists(atPath: state.path) { usleep(1000) }
        killed.kill()
        #expect(try killed.wait().status == 128 + SIGKILL)
        try train("killed", steps: 40).wait().succeeds()
        try train("whole", steps: 40).wait().succeeds()
        for name in ["model.safetensors", "config.json", "training.yaml", "vocab.json"] {
            let contents = try ["killed", "whole"].map { try Data(contentsOf: folder["\($0)/\(name)"]) }
            #expect(contents[0] == contents[1], "\(name)")
        }
    }

    @Test func whatCannotBeLearntIsToldInOneSentence() throws {
        func refusal(_ more: [String] = [], status: Int32 = 65) throws -> String {
            let ending = try train("refused", steps: 2, more).wait()
            #expect(ending.status == status, "\(ending.errors)")
            #expect(!FileManager.default.fileExists(atPath: folder["refused"].path))
            return ending.errors
        }
        try folder.add("speech/odd.tsv", Data("path\tsentence\n0.wav\ta\n1.wav\tzebra\n".utf8))
        let odd = try refusal(["--split", "odd"])
        #expect(odd.contains("odd.tsv, line 3") && odd.contains("vocab.json lacks: \"z\", \"e\", \"r\""))
        #expect(try refusal(["--test-split", "train"]).contains("samples that it learns from"))
        try FileManager.default.removeItem(at: folder["model/vocab.json"])
        #expect(try refusal(status: 66).contains("vocab.json"))
        let size = try acm(
            "pack", "speech", "--output", "x.safetensors", "--size", "64", in: folder)
        #expect(size.errors.contains("go with images") && size.status != 0)
    }
}
