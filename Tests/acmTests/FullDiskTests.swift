import Foundation
import TestSupport
import Testing
import Torch

/// A disk that runs full: exit code 74, and all that was there stays.
@Suite(.enabled(if: SmallDisk.isAvailable, "needs the right to mount a tmpfs"))
struct FullDiskTests {
    let disk: SmallDisk

    init() throws {
        disk = try SmallDisk()
    }

    @Test func outputsOfARun() throws {
        let folder = disk.folder
        try folder.add("filler", Data(count: 230_000))
        try folder.add("out.safetensors", Data("kept".utf8))
        let before = try folder.snapshot()
        for name in ["out.safetensors", "new.safetensors"] {
            try acm(
                "run", Goldens.path("bert"), "--input", Goldens.path("bert/inputs.safetensors"), "--output",
                name,
                "--hidden-states", in: folder
            ).refuses(74, name, "the disk is full")
        }
        #expect(try folder.snapshot() == before)
    }

    @Test func checkpointsOfAConversion() throws {
        let model = try TemporaryFolder(textModel: "bert")
        let folder = disk.folder
        try folder.add("filler", Data(count: 150_000))
        try FileManager.default.createDirectory(at: folder["out"], withIntermediateDirectories: false)
        try folder.add("out/model.safetensors", Data("kept".utf8))
        let before = try folder.snapshot()
        try Program(
            ["convert", "model", "--data", "texts.tsv", "--output", folder["out"].path] + shortConversion(),
            in: model
        ).wait().refuses(74, "checkpoint", "the disk is full")
        var after = try folder.snapshot()
        after["out/checkpoint"] = nil  // empty
        for name in after.keys where name.hasPrefix("out/events.") { after[name] = nil }
        #expect(after == before)
    }

    /// Room for the checkpoints, but not for the model beside them: with room it goes on.
    @Test func theModelOfAConversion() throws {
        let model = try TemporaryFolder(textModel: "bert_classifier")
        let folder = disk.folder
        let run =
            ["distill", "model", "--data", "texts.tsv", "--output", folder["out"].path] + shortConversion()
        func size(_ name: String) throws -> Int { try Data(contentsOf: folder[name]).count }
        try folder.add("filler", Data(count: 20_000))
        try Program(run, in: model).wait().refuses(74, "out/model.safetensors", "the disk is full")
        #expect(try size("out/checkpoint/state.json") > 0)
        let names = try FileManager.default.contentsOfDirectory(atPath: folder["out"].path)
        let others = names.filter { !$0.hasPrefix("events.") }
        #expect(Set(others) == ["checkpoint", "tokenizer_config.json", "vocab.txt"])
        #expect(try size("filler") == 20_000)
    }
}
