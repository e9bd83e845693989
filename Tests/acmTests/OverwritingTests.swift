import Foundation
import Preprocessing
import TestSupport
import Testing
import Torch

/// Outputs that would take the place of what is read, or of what another command wrote, or that cannot be
/// written.
@Suite struct OverwritingTests {
    let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder(textModel: "bert_classifier")
        try FileManager.default.copyItem(
            at: Goldens.folder.appendingPathComponent("bert_classifier/inputs.safetensors"),
            to: folder["in.safetensors"])
        try FileManager.default.createDirectory(at: folder["data/cat"], withIntermediateDirectories: true)
        try folder.add("data/cat/0.png", ImageEncoder.png(.full([3, 30, 40], 7, .uint8)))
        try FileManager.default.createDirectory(at: folder["results"], withIntermediateDirectories: false)
        try folder.add("results/results.json", Data("{}".utf8))
        try FileManager.default.createSymbolicLink(
            at: folder["linked"], withDestinationURL: folder["model"])
    }

    static let run = ["run", "model", "--input", "in.safetensors", "--output"]
    static let evaluate = ["evaluate", "model", "--data", "texts.tsv"]

    @Test(arguments: [
        run + ["model/model.safetensors"], run + ["linked/model.safetensors"], run + ["./in.safetensors"],
        ["pack", "data", "--split", "all", "--output", "data/cat/0.png"],
        ["benchmark", "model", "--json", "model/config.json"],
        ["benchmark-data", "data", "--json", "data/cat/0.png"],
        ["predict", "model", "data/cat/0.png", "--heatmap", "data/cat/0.png"],
        ["transcribe", "model", "a.wav", "--references", "texts.tsv", "--table", "texts.tsv"],
        ["report", "results", "--output", "results/results.json"],
        ["report", "results", "--figure", "results/results.json"],
        ["report", "results", "--output", "page", "--figure", "page"],
        evaluate + ["--features", "texts.tsv"], evaluate + ["--report", "model"],
        ["convert", "model", "--data", "texts.tsv", "--output", "results"],
        ["train-dense", "model", "--data", "texts.tsv", "--output", "results"],
    ])
    func whatIsThereStays(arguments: [String]) throws {
        let before = try folder.snapshot()
        let ending = try Program(arguments, in: folder).wait()
        #expect(ending.status == 64 && ending.output.isEmpty)
        #expect(
            ending.errors.hasPrefix("Error: --") && ending.errors.contains("name another"), "\(ending.errors)"
        )
        #expect(try folder.snapshot() == before)
    }

    /// Pictures in a folder have the names of the images.
    @Test func picturesDoNotTakeThePlaceOfImages() throws {
        let images = try TemporaryFolder()
        try images.addModel("deit_classifier")
        try images.addImageProcessor(size: 24)
        try FileManager.default.createDirectory(at: images["data"], withIntermediateDirectories: false)
        let picture = try ImageEncoder.png(.full([3, 30, 40], 7, .uint8))
        for name in ["0.png", "1.png"] { try images.add("data/\(name)", picture) }
        try Program(
            ["convert", "model", "--data", "data", "--split", "all", "--output", "out"] + shortConversion()
                + ["--set", "finetuning.distillationWeight=1"], in: images
        ).wait().succeeds()
        let ending = try acm("predict", "out", "data", "--heatmap", "data", in: images)
        #expect(ending.status == 64 && ending.errors.contains("--heatmap \"data/0.png\" is read"))
        #expect(try Data(contentsOf: images["data/0.png"]) == picture)
        try acm("predict", "out", "data", "--heatmap", "data/maps", in: images).succeeds()
    }

    @Test func packsInTheirDataAreMadeAnew() throws {
        let arguments = ["pack", "data", "--split", "all", "--size", "8", "--output", "data/all.safetensors"]
        for _ in 0..<2 { try Program(arguments, in: folder).wait().succeeds() }
    }

    /// Told before anything is written or measured.
    @Test(arguments: [
        run + ["none/out"], ["pack", "data", "--split", "all", "--output", "none/out"],
        ["benchmark", "model", "--tokens", "5", "--json", "none/out"],
        ["benchmark-data", "data", "--split", "all", "--json", "none/out"],
        evaluate + ["--features", "none/out"],
        ["report", "results", "--figure", "none/out"],
        ["transcribe", "model", "a.wav", "--table", "none/out"],
    ])
    func foldersThatAreNotThere(arguments: [String]) throws {
        let before = try folder.snapshot()
        let ending = try Program(arguments, in: folder).wait()
        ending.refuses(74, "cannot write none/out: the folder none does not exist")
        #expect(ending.output.isEmpty && ending.errors.filter { $0 == "\n" }.count == 1)
        #expect(try folder.snapshot() == before)
    }

    @Test func twoProcessesDoNotWriteOneFolder() throws {
        let arguments =
            ["convert", "model", "--data", "texts.tsv", "--output", "out"] + shortConversion(steps: 400)
        let first = try Program(arguments, in: folder)
        while first.isRunning, !FileManager.default.fileExists(atPath: folder["out/checkpoint"].path) {
            usleep(10_000)
        }
        try Program(arguments, in: folder).wait().refuses(64, "Another process writes out: wait")
        first.kill()
        _ = try first.wait()
    }
}
