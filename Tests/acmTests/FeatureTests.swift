import Foundation
import Preprocessing
import TestSupport
import Testing
import Torch

/// `acm evaluate` of a dense model's features.
@Suite struct FeatureTests {
    let folder: TemporaryFolder

    /// Bright and dark images for the golden DINOv2.
    init() throws {
        folder = try TemporaryFolder()
        try folder.addModel("dinov2")
        try folder.addImageProcessor(size: 16)
        let labels = (0..<60).map { $0 % 2 }
        try Runtime.seed(2)
        let offsets = try Tensor(labels.map { Float($0 * 180) }, shape: [60, 1, 1, 1])
        let images = try (Tensor.uniform([60, 3, 16, 16]) * 60 + offsets).to(nil, .uint8)
        try SafetensorsWriter.write(
            [("images", images), ("labels", Tensor(labels))], to: folder["images.safetensors"])
        try folder.addModel("dinov2")
        let processor: JSONValue = [
            "image_processor_type": "BitImageProcessor", "size": ["shortest_edge": 18], "resample": 3,
            "crop_size": ["height": 16, "width": 16], "image_mean": [0.485, 0.456, 0.406],
            "image_std": [0.229, 0.224, 0.225],
        ]
        try processor.write(to: folder["model/preprocessor_config.json"])
    }

    func evaluate(_ model: String, _ options: String...) throws -> Program.Ending {
        try Program(["evaluate", model] + options, in: folder).wait()
    }

    @Test func featuresAreMeasuredAndKept() throws {
        let ending = try evaluate(
            "model", "--data", "images.safetensors", "--features", "f.safetensors", "--json")
        ending.succeeds()
        let result = try JSONValue(parsing: ending.output)
        #expect(result["training_samples"]?.integerValue == 60 - (result["test_samples"]?.integerValue ?? 0))
        #expect(result["neighbour_accuracy"]?["1"]?.doubleValue == 1)
        #expect(result["probe_accuracy"]?.doubleValue == 1)

        // From the file, without the data, and as a table.
        let again = try evaluate(
            "model", "--features", "f.safetensors", "--json", "--report", "report")
        #expect(again.output == ending.output)
        #expect(try JSONValue(contentsOf: folder["report/results.json"]) == result)
        let table = try evaluate("model", "--features", "f.safetensors")
        let rows = table.output.split(separator: "\n").map { $0.split(separator: " ") }
        #expect(rows.last == ["linear", "probe", "1.0000", "0.0000"], "\(table.output)")
    }

    @Test func fewerSamplesAndMeans() throws {
        let ending = try evaluate(
            "model", "--data", "images.safetensors", "--samples", "30", "--pooling", "mean",
            "--test-share", "0.5", "--batch-size", "7", "--features", "f.safetensors")
        ending.succeeds()
        #expect(try folder.tensors("f.safetensors")["features"]?.shape == [30, 36])
    }

    /// Files by their places in class folders; one that cannot be read is left out and named.
    @Test func foldersOfImages() throws {
        for (index, name) in ["dark", "light"].enumerated() {
            let url = folder["pictures/\(name)"]
            try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
            for number in 0..<12 {
                try ImageEncoder.png(.full([3, 20, 24], Double(200 * index + number), .uint8)).write(
                    to: url.appendingPathComponent("\(number).png"))
            }
        }
        try folder.add("pictures/dark/broken.png", Data("no image".utf8))
        let model = "model"
        try evaluate(model, "--data", "pictures").refuses(65, "pictures/dark/broken.png")
        let ending = try evaluate(
            model, "--data", "pictures", "--skip-bad", "--features", "f.safetensors", "--json")
        ending.succeeds()
        #expect(ending.errors.contains("Left out 1") && ending.errors.contains("broken.png"))
        let metadata = try SafetensorsFile(folder["f.safetensors"]).metadata
        #expect(metadata["class_names"] == #"["dark","light"]"#)
        let names = try JSONValue(parsing: metadata["names"] ?? "").arrayValue?.compactMap(\.stringValue)
        let wanted = ["dark", "light"].flatMap { name in (0..<12).map { "\(name)/\($0).png" } }
        #expect(names?.sorted() == wanted.sorted())
        #expect(try JSONValue(parsing: ending.output)["neighbour_accuracy"]?["1"]?.doubleValue == 1)
    }

    @Test func wrongUses() throws {
        let model = "model"
        for (options, part) in [
            ([model], "--data is needed, or without --dense a file of --features"),
            ([model, "--dense", model, "--features", "f"], "--data is needed"),
            ([model, "--data", "d", "--test-share", "1"], "--test-share must lie between 0 and 1"),
            ([model, "--data", "d", "--batch-size", "0"], "--batch-size must be at least 1"),
            ([model, "--data", "d", "--samples=-1"], "--samples and --probe-samples must be at least 0"),
            ([model, "--data", "d", "--pooling", "max"], "--pooling"),
        ] {
            let ending = try Program(["evaluate"] + options, in: folder).wait()
            #expect(ending.status == 64 && ending.errors.contains(part), "\(ending.errors)")
        }
        try evaluate(model, "--features", "none.safetensors").refuses(66, "none.safetensors")
        try SafetensorsWriter.write(
            [("images", .zeros([1, 3, 16, 16], .uint8))], to: folder["i.safetensors"])
        try evaluate(model, "--features", "i.safetensors").refuses(65, "i.safetensors holds no features")
        try evaluate(model, "--data", "i.safetensors").refuses(65, "judged by labels, but the data has none")
    }

    /// Features of merged tokens and of fewer blocks against the dense model's.
    @Test func otherMethodsAreCompared() throws {
        func results(_ model: String, _ options: String...) throws -> [JSONValue] {
            let fixed = [
                "evaluate", model, "--dense", "model", "--data", "images.safetensors", "--probe-split",
                "none",
                "--no-timing", "--json",
            ]
            let ending = try Program(fixed + options, in: folder).wait()
            ending.succeeds()
            return try JSONValue(parsing: ending.output)["budgets"]?.arrayValue ?? []
        }
        try acm("baseline", "tome", "model", "--output", "merged", in: folder).succeeds()
        let merged = try results("merged", "--budgets", "1,0.9")
        let cosines = merged.compactMap { $0["mean_cosine"]?.doubleValue }
        #expect(cosines.count == 2 && cosines[0] > 0.9999 && cosines[1] < cosines[0] && cosines[1] > 0.5)
        let macs = merged.compactMap { $0["macs"]?.doubleValue }
        #expect(macs.count == 2 && macs[1] < macs[0])

        try acm(
            "baseline", "depth", "model", "--data", "images.safetensors", "--output", "cut", "--set",
            "blocks=1",
            "--set", "optimisation.steps=2", "--set", "task.distillationWeight=1", in: folder
        ).succeeds()
        let cut = try results("cut")
        #expect(cut.count == 1 && cut[0]["load"]?.doubleValue == 1)
        #expect((cut[0]["macs"]?.doubleValue ?? .infinity) < macs[1])
        #expect(abs(cut[0]["mean_cosine"]?.doubleValue ?? 1) < 0.999)

        let same = try evaluate("model", "--dense", "model", "--data", "images.safetensors")
        #expect(same.status == 64 && same.errors.contains("is a dense model: give its conversion"))
    }
}
