import Foundation
import TestSupport
import Testing
import Torch

/// Conversions by two processes on this machine, whose tensors go through Gloo.
@Suite struct ParallelTests {
    let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder(textModel: "bert_classifier")
    }

    /// The variables that `torchrun` sets for each of two processes.
    func environments() throws -> [[String: String]] {
        let port = try #require(freePort())
        return (0..<2).map {
            [
                "RANK": "\($0)", "WORLD_SIZE": "2", "LOCAL_RANK": "\($0)", "MASTER_ADDR": "127.0.0.1",
                "MASTER_PORT": "\(port)",
            ]
        }
    }

    func arguments(_ output: String, steps: Int = 3, data: String = "texts.tsv", _ more: [String] = [])
        -> [String]
    {
        ["convert", "model", "--data", data, "--output", output] + shortConversion(steps: steps) + more
    }

    func start(_ arguments: [String]) throws -> [Program] {
        try environments().map {
            try Program(arguments + ["--process-timeout", "60"], in: folder, environment: $0)
        }
    }

    /// The weights of one process and of two.
    ///
    /// They differ by the order of sums in float32 alone: some 1e-7 in a gradient. Adam divides a gradient by
    /// its own size, so that a weight whose true gradient is nought moves by the learning rate in a direction that
    /// rounding decides, from 1e-4 a step to 1e-2 for gates. That is so for the biases of keys, which attention
    /// does not depend on. The others stay within 2e-5, a fifth of one step of the smallest rate.
    func expectSameWeights(_ first: String, _ second: String) throws {
        let weights = try [first, second].map { try folder.tensors("\($0)/model.safetensors") }
        #expect(weights[0].keys.sorted() == weights[1].keys.sorted())
        for (name, tensor) in weights[0] where !name.hasSuffix("key.bias") && !name.hasSuffix("k_proj.bias") {
            let difference = try (tensor - #require(weights[1][name])).absolute().maximum().item(Double.self)
            #expect(difference < 2e-5, "\(name)")
        }
    }

    /// Runs a conversion in one process and in two, and compares the weights.
    func expectSameWeights(data: String = "texts.tsv", one: [String], two: [String]) throws {
        try Program(arguments("one", data: data, one), in: folder).wait().succeeds()
        let endings = try start(arguments("two", data: data, two)).map { try $0.wait() }
        for ending in endings { ending.succeeds() }
        #expect(endings[0].output.hasPrefix("Wrote two: ") && endings[1].output.isEmpty)
        #expect(endings[1].errors.isEmpty)
        try expectSameWeights("one", "two")
        for name in ["config.json", "conversion.yaml"] where one == two {
            let files = try ["one", "two"].map { try Data(contentsOf: folder["\($0)/\(name)"]) }
            #expect(files[0] == files[1])
        }
    }

    /// Texts of other lengths in each process, with held-out samples of which the first one reports.
    @Test(arguments: ["budget", "sensitivity"])
    func twoProcessesEndWithTheWeightsOfOne(labelRule: String) throws {
        let options = [
            "--set", "heldOut.share=0.3", "--set", "heldOut.steps=1",
            "--set", "gatePretraining.labelRule=\(labelRule)",
        ]
        try expectSameWeights(one: options, two: options)
    }

    @Test func soTheyDoInPartsOfTheirBatches() throws {
        let parts = ["distillation", "gatePretraining", "finetuning"].flatMap {
            ["--set", "\($0).optimisation.microBatchSize=1"]
        }
        try expectSameWeights(one: [], two: parts)
    }

    /// Mixing takes each image with the one at the mirrored place of the whole batch.
    @Test func soTheyDoOnMixedImages() throws {
        try folder.addModel("deit_classifier")
        try folder.addImageProcessor(size: 24)
        try Runtime.seed(1)
        let images = try (Tensor.uniform([12, 3, 24, 24]) * 255).to(nil, .uint8)
        try SafetensorsWriter.write(
            [("images", images), ("labels", Tensor((0..<12).map { $0 % 5 }))],
            to: folder["images.safetensors"])
        let options = ["--set", "augmentation.enabled=true", "--split", "all"]
        try expectSameWeights(data: "images.safetensors", one: options, two: options)
    }

    /// Teacher-forced texts of other lengths in each process. With learners fitted to so few tokens, choices
    /// are as good as others but for rounding, which would decide labels of gates; random ones differ.
    @Test func soTheyDoOnTranscripts() throws {
        let other = try TemporaryFolder()
        try other.addWhisper()
        try FileManager.default.removeItem(at: folder["model"])
        try FileManager.default.copyItem(at: other["model"], to: folder["model"])
        try FileManager.default.createDirectory(at: folder["data/clips"], withIntermediateDirectories: true)
        let golden = Goldens.folder.appendingPathComponent("audio/s16.wav")
        let rows = try (0..<4).map { index in
            try folder.add("data/clips/\(index).wav", Data(contentsOf: golden))
            return "\(index).wav\t\("ABCDEFG".prefix(1 + 2 * index % 7))\n"
        }
        try folder.add("data/train.tsv", Data("path\tsentence\n\(rows.joined())".utf8))
        let options = [
            "--language", "fr", "--set", "modules=[feedForward]", "--set", "recipe=paper",
            "--set", "gatePretraining.labelRule=sensitivity",
        ]
        try expectSameWeights(data: "data", one: options, two: options)
    }

    /// The one that is left says so at once; the run goes on from the checkpoint, in as many processes or
    /// in one.
    @Test(arguments: [0, 1]) func aKilledProcessEndsTheRunWhichGoesOn(killed: Int) throws {
        let programs = try start(arguments("out"))
        let state = folder["out/checkpoint/state.json"]
        func phase() -> String? { (try? JSONValue(contentsOf: state))?["phase"]?.stringValue }
        while programs[killed].isRunning, phase() == nil { usleep(1000) }
        programs[killed].kill()
        let start = ContinuousClock.now
        try programs[1 - killed].wait().refuses(
            74, "The run ended: another process of the run ended", "goes on from its last checkpoint")
        #expect(ContinuousClock.now - start < .seconds(30))
        #expect(try programs[killed].wait().status == 128 + SIGKILL)
        #expect(phase() != nil)
        if killed == 0 {
            for ending in try self.start(arguments("out")).map({ try $0.wait() }) { ending.succeeds() }
        } else {
            try Program(arguments("out"), in: folder).wait().succeeds()
        }
        try Program(arguments("one"), in: folder).wait().succeeds()
        try expectSameWeights("one", "out")
        #expect(phase() == nil)
    }

    @Test func processesMustBeGivenTheSame() throws {
        let variables = try environments()
        let programs = try (0..<2).map { rank in
            try Program(
                arguments("out", ["--set", "seed=\(rank)", "--process-timeout", "60"]), in: folder,
                environment: variables[rank])
        }
        let endings = try programs.map { try $0.wait() }
        endings[1].refuses(64, "Process 1 has other options, another model or other data than process 0")
        endings[0].refuses(74, "another process of the run ended")
        #expect(!FileManager.default.fileExists(atPath: folder["out"].path))
    }

    @Test(arguments: [["train-dense"], ["baseline", "depth"]])
    func commandsForOneProcessSaySo(command: [String]) throws {
        let arguments = command + ["model", "--data", "texts.tsv", "--output", "out"]
        try Program(arguments, in: folder, environment: environments()[1]).wait()
            .refuses(64, "This command is for one process: start it alone, without RANK and WORLD_SIZE")
        #expect(!FileManager.default.fileExists(atPath: folder["out"].path))
    }

    @Test func wrongLaunchesAreRefused() throws {
        func refuses(
            _ code: Int32, _ changes: [String: String], _ more: [String], _ part: String
        ) throws {
            let variables = try environments()[0].merging(changes) { $1 }
            try Program(arguments("out", more), in: folder, environment: variables).wait()
                .refuses(code, part)
        }
        try refuses(64, ["RANK": "2"], [], "0 to 1 as WORLD_SIZE is 2, found \"2\"")
        try refuses(64, ["MASTER_ADDR": ""], [], "but not MASTER_ADDR, the machine of process 0")
        try refuses(64, [:], ["--dry-run"], "--dry-run is for one process")
        try refuses(64, ["LOCAL_RANK": "7"], ["--device", "cuda"], "cuda:7 was asked for")
        try refuses(
            74, [:], ["--process-timeout", "0.3"], "The 2 processes did not meet at 127.0.0.1:")
        // Both find this by themselves.
        for ending in try start(arguments("out", ["--set", "finetuning.optimisation.batchSize=3"]))
            .map({ try $0.wait() })
        {
            ending.refuses(
                64, "finetuning.optimisation.batchSize must be a multiple of the 2 processes, found 3")
        }
        #expect(!FileManager.default.fileExists(atPath: folder["out"].path))
    }
}
