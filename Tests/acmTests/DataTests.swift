import Foundation
import Preprocessing
import TestSupport
import Testing
import Torch

/// Images and what is wrong with them, as a user meets it.
@Suite struct DataTests {
    let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
        try folder.addModel("deit_classifier")
        try folder.addImageProcessor(size: 24)
        for number in 0..<12 {
            try put("images/train/\(number % 2 == 0 ? "cat" : "dog")/\(number).png", picture(number * 20))
            try put("images/val/\(number % 2 == 0 ? "cat" : "dog")/\(number).png", picture(number * 20))
        }
        try put("classes.txt", Data("cat\ndog\nfish\nbird\ncow\n".utf8))
        try put("images/classes.txt", Data("cat\ndog\nfish\nbird\ncow\n".utf8))
    }

    func put(_ name: String, _ content: Data) throws {
        try FileManager.default.createDirectory(
            at: folder[name].deletingLastPathComponent(), withIntermediateDirectories: true)
        try folder.add(name, content)
    }

    func picture(_ level: Int) throws -> Data {
        try ImageEncoder.png(.full([3, 30, 40], Double(level), .uint8))
    }

    func convert(_ more: String...) throws -> Program.Ending {
        try Program(
            ["convert", "model", "--data", "images", "--output", "out"] + shortConversion() + more, in: folder
        ).wait()
    }

    @Test func classFoldersAreLearntAndMeasured() throws {
        try convert("--workers", "2", "--set", "augmentation.enabled=true").succeeds()
        let ending = try acm(
            "evaluate", "out", "--dense", "model", "--data", "images", "--budgets", "1", "--json", in: folder)
        ending.succeeds()
        let result = try JSONValue(parsing: ending.output)
        #expect(result["samples"]?.integerValue == 12)
        #expect(result["dense"]?["accuracy"]?.doubleValue != nil)
    }

    @Test func brokenImagesStopOrAreListed() throws {
        try put("images/train/cat/bad.jpg", Data("no image".utf8))
        try convert().refuses(65, "images/train/cat/bad.jpg")
        let ending = try convert("--skip-bad")
        ending.succeeds()
        #expect(ending.errors.contains("Left out 1 that cannot be read:\n  "))
        #expect(ending.errors.contains("images/train/cat/bad.jpg: "))
    }

    @Test func imagesArePackedForTraining() throws {
        let ending = try acm(
            "pack", "images", "--output", "packed.safetensors", "--size", "24", "--model", "model", in: folder
        )
        ending.succeeds()
        #expect(ending.output == "Wrote packed.safetensors: 12 images of 24 × 24.\n")
        #expect(try folder.tensors("packed.safetensors")["images"]?.shape == [12, 3, 24, 24])
        try acm("predict", "model", "packed.safetensors", in: folder).succeeds()
        try acm("pack", "model", "--output", "x.safetensors", in: folder).refuses(
            65, "is not a known dataset")
        try acm("pack", "none", "--output", "x.safetensors", in: folder).refuses(66, "none")
    }

    /// The names of packed classes stand one a line.
    @Test func aClassWithALineBreakIsPackedAsOne() throws {
        for name in ["a", "ca\nt", "d", "e", "f"] { try put("other/five/\(name)/0.png", picture(9)) }
        try acm(
            "pack", "other/five", "--split", "all", "--output", "five.safetensors", "--size", "24", in: folder
        )
        .succeeds()
        let file = try SafetensorsFile(folder["five.safetensors"])
        #expect(file.metadata["classes"] == "a\nca t\nd\ne\nf")
    }

    @Test func imagesAreNotPreparedByAGuess() throws {
        try FileManager.default.removeItem(at: folder["model/preprocessor_config.json"])
        try convert().refuses(66, "model/preprocessor_config.json")
    }

    @Test func predictionsNameTheirFiles() throws {
        try put("images/val/dog/bad.png", Data())
        let ending = try acm("predict", "model", "images/val", "--skip-bad", "--json", in: folder)
        ending.succeeds()
        let lines = ending.output.split(separator: "\n")
        #expect(lines.count == 12 && lines.last?.contains("images/val/dog/9.png") == true)
    }

    @Test func wrongArguments() throws {
        let wrong = try convert("--workers", "-1")
        #expect(wrong.status == 64)
        #expect(try convert("--image-transform", "stretch").status == 64)
        #expect(try acm("pack", "images", "--output", "x", "--size", "0", in: folder).status == 64)
    }
}
