import Foundation
import TestSupport
import Torch

/// `Tests/Goldens`, found from where this file was compiled.
enum Goldens {
    static let folder = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("Goldens")

    static func path(_ name: String) -> String { folder.appendingPathComponent(name).path }

    static func tensors(_ name: String) throws -> [String: Tensor] {
        try SafetensorsFile(folder.appendingPathComponent(name)).tensors()
    }
}

extension TemporaryFolder {
    /// Copies a golden model into the folder `model`, with keys of its configuration changed.
    func addModel(_ name: String, changing changes: [String: JSONValue] = [:]) throws {
        let source = Goldens.folder.appendingPathComponent(name)
        try FileManager.default.createDirectory(at: self["model"], withIntermediateDirectories: true)
        try add(
            "model/model.safetensors", Data(contentsOf: source.appendingPathComponent("model.safetensors")))
        var config = try JSONValue(contentsOf: source.appendingPathComponent("config.json"))
        if case .object(var object) = config {
            for (key, value) in changes { object[key] = value }
            config = .object(object)
        }
        try config.write(to: self["model/config.json"])
    }

    /// Says how images are prepared for the model of images in `model`, at its size.
    func addImageProcessor(size: Int) throws {
        let processor: JSONValue = [
            "image_processor_type": "ViTImageProcessor",
            "size": ["height": .integer(size), "width": .integer(size)],
            "image_mean": [0.5, 0.5, 0.5], "image_std": [0.5, 0.5, 0.5],
        ]
        try processor.write(to: self["model/preprocessor_config.json"])
    }

    /// The golden Whisper in `model` for windows of one second, 50 tokens of the encoder; its tokens are single
    /// letters, then marks.
    func addWhisper() throws {
        try addModel("whisper", changing: ["max_source_positions": 50])
        let files = FileManager.default
        let source = Goldens.folder.appendingPathComponent("whisper/generation_config.json")
        try files.copyItem(at: source, to: self["model/generation_config.json"])
        var tensors = try tensors("model/model.safetensors")
        try Runtime.seed(1)
        tensors["model.encoder.embed_positions.weight"] = try .normal([50, 20])
        try SafetensorsWriter.write(
            tensors.map { ($0.key, $0.value) }, to: self["model/model.safetensors"])
        let extractor: JSONValue = ["feature_size": 5, "chunk_length": 1]
        try extractor.write(to: self["model/preprocessor_config.json"])
        var tokens = JSONObject()
        tokens["Ġ"] = 0  // stands for the space
        for id in 1..<70 { tokens[String(UnicodeScalar(UInt8(id + 33)))] = .integer(id) }
        try JSONValue.object(tokens).write(to: self["model/vocab.json"])
        var marks = JSONObject()
        for id in 70..<80 { marks["<|\(id)|>"] = .integer(id) }
        try JSONValue.object(marks).write(to: self["model/added_tokens.json"])
        try add("model/merges.txt", Data())
    }

    /// A golden BERT with a tokenizer in `model`, and its texts in `texts.tsv`.
    convenience init(textModel name: String) throws {
        try self.init([
            "texts.tsv": "text\tlabel\tsplit\n"
                + (0..<24).map { index in
                    let letters = (0...index % 7).map { String("abcdef".shuffled(seed: index + $0)) }
                    return
                        "\(letters.joined(separator: " "))\t\(index % 5)\t\(index % 3 == 0 ? "test" : "train")\n"
                }.joined()
        ])
        try addModel(name)
        for (file, content) in Self.letterTokenizer { try add("model/\(file)", Data(content.utf8)) }
    }

    func tensors(_ name: String) throws -> [String: Tensor] { try SafetensorsFile(self[name]).tensors() }

    /// All files below the folder with their bytes.
    func snapshot() throws -> [String: Data] {
        let files = FileManager.default
        return try files.subpathsOfDirectory(atPath: url.path).reduce(into: [:]) { all, path in
            var isFolder: ObjCBool = false
            _ = files.fileExists(atPath: self[path].path, isDirectory: &isFolder)
            all[path] = isFolder.boolValue ? Data() : try Data(contentsOf: self[path])
        }
    }
}

extension String {
    fileprivate func shuffled(seed: Int) -> Character { self[index(startIndex, offsetBy: seed * 7 % count)] }
}

/// Options of a short conversion.
func shortConversion(steps: Int = 1) -> [String] {
    let phases = ["distillation", "gatePretraining", "finetuning"].flatMap {
        ["--set", "\($0).optimisation.steps=\(steps)", "--set", "\($0).optimisation.batchSize=4"]
    }
    return phases + ["--set", "calibrationBatches=2", "--set", "checkpointSteps=1", "--threads", "1"]
}
