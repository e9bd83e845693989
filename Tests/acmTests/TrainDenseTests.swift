import Foundation
import TestSupport
import Testing
import Torch

/// `acm train-dense`, and `acm evaluate` of the classifiers that come out.
@Suite struct TrainDenseTests {
    let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder(textModel: "bert")
        // The first letter tells the class.
        let rows = (0..<60).map { index in
            let rest = (0..<index % 4).map { ["b", "d", "f"][($0 + index) % 3] }
            let text = ([["a", "c", "e"][index % 3]] + rest).joined(separator: " ")
            return
                "\(text)\t\(["first", "second", "third"][index % 3])\t\(index % 5 == 0 ? "test" : "train")\n"
        }
        try folder.add("classes.tsv", Data(("text\tlabel\tsplit\n" + rows.joined()).utf8))
    }

    func train(
        _ output: String, data: String = "classes.tsv", model: String = "model", steps: Int = 60,
        _ more: [String] = []
    ) throws -> Program {
        try Program(
            [
                "train-dense", model, "--data", data, "--output", output, "--threads", "1", "--workers", "1",
                "--set", "optimisation.batchSize=8", "--set", "optimisation.learningRate=3e-3",
                "--set", "optimisation.steps=\(steps)", "--set", "checkpointSteps=5",
            ] + more, in: folder)
    }

    /// The files of a folder, that of events aside.
    func files(_ path: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: folder[path].path).sorted()
            .filter { !$0.hasPrefix("events.out.tfevents.") }
    }

    /// Bytes of the events of a run.
    func eventSizes(_ path: String) throws -> [Int] {
        try FileManager.default.contentsOfDirectory(atPath: folder[path].path)
            .filter { $0.hasPrefix("events.out.tfevents.") }
            .map { try Data(contentsOf: folder["\(path)/\($0)"]).count }
    }

    @Test func textsAreLearnt() throws {
        let ending = try train("out").wait()
        ending.succeeds()
        #expect(ending.output.hasPrefix("Wrote out: 3 classes, 60 steps.\nbudget"), "\(ending.output)")
        #expect(
            try files("out") == [
                "config.json", "model.safetensors", "results.json", "tokenizer_config.json", "training.yaml",
                "vocab.txt",
            ])
        let results = try JSONValue(contentsOf: folder["out/results.json"])
        #expect((results["test"]?["top1"]?.doubleValue ?? 0) > 0.9, "\(ending.output)")
        #expect(results["test"]?["samples"]?.integerValue == 12)
        #expect(results["training"]?["weights"] == "newHead")
        #expect(results["training"]?["samples"]?.integerValue == 48)
        let config = try JSONValue(contentsOf: folder["out/config.json"])
        #expect(config["architectures"] == ["BertForSequenceClassification"])
        #expect(config["id2label"]?["1"] == "second" && config["label2id"]?["third"]?.integerValue == 2)

        // The same by `acm evaluate`, and of a conversion at budgets.
        let alone = try acm("evaluate", "out", "--data", "classes.tsv", "--json", in: folder)
        alone.succeeds()
        let found = try JSONValue(parsing: alone.output)["results"]?.arrayValue
        #expect(found?.count == 1 && found?[0]["budget"] == .null)
        for key in ["samples", "classes", "top1", "top1_error", "top5"] {
            #expect(found?[0]["classes"]?[key] == results["test"]?[key], "\(key)")
        }
        try Program(
            ["convert", "out", "--data", "classes.tsv", "--output", "adaptive"] + shortConversion(),
            in: folder
        ).wait().succeeds()
        let adaptive = try acm(
            "evaluate", "adaptive", "--data", "classes.tsv", "--budgets", "1,0.25", "--report", "report",
            in: folder)
        adaptive.succeeds()
        let rows = adaptive.output.split(separator: "\n").map { $0.split(separator: " ") }
        #expect(rows[0] == ["budget", "load", "MMACs", "accuracy", "±", "loss", "ms/sample", "samples"])
        #expect(rows.dropFirst(2).map { $0.first } == ["1.00", "0.25"])
        // What every sample was taken for gives the accuracies of the table.
        #expect(
            try files("report") == [
                "examples.json", "predictions.tsv", "report.html", "results.json", "samples.safetensors",
            ])
        let table = try String(contentsOf: folder["report/predictions.tsv"], encoding: .utf8)
            .split(separator: "\n").map { $0.split(separator: "\t") }
        #expect(table[0] == ["label", "1.0", "0.25"] && table.count == 1 + Int(rows[2].last ?? "0")!)
        for column in 1...2 {
            let right = table.dropFirst().count { $0[column] == $0[0] }
            let accuracy = try #require(Double(rows[1 + column][3]))
            #expect(abs(Double(right) / Double(table.count - 1) - accuracy) < 1e-4)
        }
        let beside = try acm(
            "evaluate", "adaptive", "--dense", "out", "--data", "classes.tsv", "--budgets", "1", in: folder)
        #expect(beside.output.contains("accuracy       ±    loss"), "\(beside.output)")
    }

    @Test func aKilledRunGoesOn() throws {
        let killed = try train("killed")
        let state = folder["killed/checkpoint/state.json"]
        while killed.isRunning, !FileManager.default.fileExists(atPath: state.path) { usleep(1000) }
        killed.kill()
        #expect(try killed.wait().status == 128 + SIGKILL)
        #expect(try files("killed") == ["checkpoint"])
        try train("killed").wait().succeeds()
        try train("whole").wait().succeeds()
        #expect(try files("killed") == files("whole"))
        // Every report once.
        #expect(try eventSizes("whole").count == 1 && eventSizes("whole")[0] > 300)
        #expect(try eventSizes("killed") == eventSizes("whole"))
        for name in try files("whole") where name != "results.json" {
            let contents = try ["killed", "whole"].map { try Data(contentsOf: folder["\($0)/\(name)"]) }
            #expect(contents[0] == contents[1], "\(name)")
        }
    }

    /// A config.json alone, and images in folders of classes.
    @Test func imagesFromNothing() throws {
        try FileManager.default.createDirectory(at: folder["shape"], withIntermediateDirectories: true)
        var config = try #require(
            try JSONValue(contentsOf: Goldens.folder.appendingPathComponent("deit_classifier/config.json"))
                .objectValue)
        config["architectures"] = ["ViTForImageClassification"]
        config["model_type"] = "vit"
        try JSONValue.object(config).write(to: folder["shape/config.json"])
        let image = Goldens.folder.appendingPathComponent("images")
        for (name, source) in [("grey", "grey.jpg"), ("rgb", "rgb.jpg")] {
            for part in ["train", "val"] {
                let place = folder["pictures/\(part)/\(name)"]
                try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
                for number in 0..<(part == "train" ? 4 : 2) {
                    try FileManager.default.copyItem(
                        at: image.appendingPathComponent(source),
                        to: place.appendingPathComponent("\(number).jpg"))
                }
            }
        }
        let ending = try train("out", data: "pictures", model: "shape", steps: 12).wait()
        ending.succeeds()
        let results = try JSONValue(contentsOf: folder["out/results.json"])
        #expect(results["training"]?["weights"] == "new" && results["test"]?["top1"]?.doubleValue == 1)
        #expect(
            try JSONValue(contentsOf: folder["out/config.json"])["label2id"]?.objectValue?.keys == [
                "grey", "rgb",
            ])
        let predicted = try acm("predict", "out", image.appendingPathComponent("rgb.jpg").path, in: folder)
        let lines = predicted.output.split(separator: "\n")
        #expect(lines.count == 3 && lines[1].hasSuffix("rgb"), "\(predicted.output)\(predicted.errors)")
    }

    /// Packed grey images of another size than the model's, in two files.
    @Test func packedImages() throws {
        try folder.addModel("vit")
        for (name, count) in [("train", 16), ("test", 6)] {
            let labels = (0..<count).map { $0 % 2 }
            let levels = labels.flatMap { label in (0..<900).map { (label * 200 + $0 % 50) } }
            try SafetensorsWriter.write(
                [
                    ("images", Tensor(levels, shape: [count, 1, 30, 30]).to(nil, .uint8)),
                    ("labels", Tensor(labels)),
                ], to: folder["\(name).safetensors"], metadata: ["classes": "dark\nbright"])
        }
        try train(
            "out", data: "train.safetensors", steps: 12, ["--test-data", "test.safetensors"]
        ).wait().succeeds()
        let results = try JSONValue(contentsOf: folder["out/results.json"])
        #expect(results["test"]?["top1"]?.doubleValue == 1 && results["test"]?["samples"]?.integerValue == 6)
        let config = try JSONValue(contentsOf: folder["out/config.json"])
        #expect(config["architectures"] == ["ViTForImageClassification"])
        #expect(config["id2label"]?["1"] == "bright")
        try train("again", data: "train.safetensors").wait()
            .refuses(65, "measured on the samples that it learns from")
    }

    @Test func wrongDataIsRefused() throws {
        try folder.add("one.tsv", Data("text\tlabel\tsplit\na\tx\ttrain\nb\tx\ttest\n".utf8))
        try train("out", data: "one.tsv").wait().refuses(65, "at least two classes, found one: x")
        try folder.add("none.tsv", Data("text\tsplit\na\ttrain\nb\ttest\n".utf8))
        try train("out", data: "none.tsv").wait().refuses(65, "The data has no labels")
        try train("out", ["--test-split", "train"]).wait()
            .refuses(65, "measured on the samples that it learns from", "--test-data")
        try folder.addModel("bert_classifier")
        try train("out").wait().refuses(65, "the label \"second\" of sample", "is not among the 5 classes")
        #expect(!FileManager.default.fileExists(atPath: folder["out"].path))
        try train("out", steps: 2, ["--new-head", "--test-split", "none"]).wait().succeeds()
        #expect(try JSONValue(contentsOf: folder["out/results.json"])["test"] == .null)
        try acm("evaluate", "out", "--data", "none.tsv", in: folder).refuses(65, "none.tsv has no labels")
    }

    @Test func wrongUseIsRefused() throws {
        let same = try train("model").wait()
        #expect(same.status == 64 && same.errors.contains("--output must be another folder than the model's"))
        try train("out", ["--set", "optimisation.epoch=1"]).wait()
            .refuses(64, "there is no option optimisation.epoch")
        try folder.addModel("whisper")
        try train("out").wait().refuses(65, "WhisperForConditionalGeneration", "is not supported")
        try FileManager.default.removeItem(at: folder["model/model.safetensors"])
        try folder.add("model/pytorch_model.bin", Data())
        try folder.addConfiguration("bert")
        try train("out").wait().refuses(66, "pytorch_model.bin")
    }
}

extension TemporaryFolder {
    /// A golden's `config.json` in `model`.
    fileprivate func addConfiguration(_ golden: String) throws {
        try JSONValue(contentsOf: Goldens.folder.appendingPathComponent("\(golden)/config.json"))
            .write(to: self["model/config.json"])
    }
}
