import AdaptiveComputation
import Datasets
import Foundation
import TestSupport
import Testing
import Torch
import Transformers

@testable import Evaluation

/// Transcription with a tiny random Whisper whose tokens are single bytes.
@Suite struct SpeechTranscriberTests {
    let goldens = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .appendingPathComponent("Goldens")

    /// A copy of the tiny checkpoint for windows of one second: 100 frames, 50 tokens of the encoder.
    func folder(
        mels: Int = 5, _ change: (inout JSONObject) -> Void = { _ in }
    ) throws -> URL {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("acm-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let source = goldens.appendingPathComponent("whisper")
        var tensors = try SafetensorsFile(source.appendingPathComponent("model.safetensors")).tensors()
        try Runtime.seed(1)
        tensors["model.encoder.embed_positions.weight"] = try .normal([50, 20])
        try SafetensorsWriter.write(
            tensors.map { ($0.key, $0.value) }, to: folder.appendingPathComponent("model.safetensors"))
        let base = try JSONValue(contentsOf: source.appendingPathComponent("config.json"))
        guard case .object(var object) = base else { return folder }
        object["max_source_positions"] = 50
        try JSONValue.object(object).write(to: folder.appendingPathComponent("config.json"))
        let generation = try JSONValue(contentsOf: source.appendingPathComponent("generation_config.json"))
        guard case .object(var settings) = generation else { return folder }
        change(&settings)
        try JSONValue.object(settings).write(to: folder.appendingPathComponent("generation_config.json"))
        let extractor: JSONValue = ["feature_size": .integer(mels), "chunk_length": 1]
        try extractor.write(to: folder.appendingPathComponent("preprocessor_config.json"))
        // Letters first, then marks, then timestamps.
        var tokens = JSONObject()
        tokens["Ġ"] = 0  // stands for the space
        for id in 1..<70 { tokens[String(UnicodeScalar(UInt8(id + 33)))] = .integer(id) }
        try JSONValue.object(tokens).write(to: folder.appendingPathComponent("vocab.json"))
        try Data().write(to: folder.appendingPathComponent("merges.txt"))
        var added = JSONObject()
        for id in 70..<80 { added["<|\(id)|>"] = .integer(id) }
        try JSONValue.object(added).write(to: folder.appendingPathComponent("added_tokens.json"))
        return folder
    }

    func sound(seconds: Double, pitch: Double) throws -> Tensor {
        try Tensor((0..<Int(seconds * 16_000)).map { Float(sin(Double($0) * pitch / 16_000 * 6.283)) })
    }

    @Test func longSoundsAreHeardWindowByWindow() throws {
        let folder = try folder()
        defer { try? FileManager.default.removeItem(at: folder) }
        let transcriber = try SpeechTranscriber(AdaptiveModel.load(folder), folder: folder)
        let (short, long) = (try sound(seconds: 0.5, pitch: 300), try sound(seconds: 2.2, pitch: 500))
        let request = WhisperRequest(language: "fr", task: "transcribe")
        let found = try transcriber.transcribe([short, long], request)
        #expect(found.map(\.duration) == [0.5, 2.2] && found.map(\.language) == ["fr", "fr"])
        #expect(found.allSatisfy { $0.load == nil && !$0.text.isEmpty })
        #expect(try transcriber.transcribe([short], request) == [found[0]])
        #expect(found[1].segments.contains { $0.start >= 2 } && found[1].segments[0].start < 1)
        // Each window gives what it gives alone.
        let parts = try [0..<16_000, 16_000..<32_000, 32_000..<35_200].map { range in
            try transcriber.transcribe([long.slice(range, axis: 0)], request)[0].text
        }
        #expect(found[1].text == parts.joined())
    }

    /// Long sounds are heard in their language to the end.
    @Test func languagesMayDiffer() throws {
        let folder = try folder()
        defer { try? FileManager.default.removeItem(at: folder) }
        let transcriber = try SpeechTranscriber(AdaptiveModel.load(folder), folder: folder)
        let sounds = [try sound(seconds: 2.2, pitch: 500), try sound(seconds: 0.5, pitch: 300)]
        let found = try transcriber.transcribe(sounds, languages: ["de", "fr"])
        #expect(found.map(\.language) == ["de", "fr"])
        for (sound, text) in zip(sounds, found) {
            #expect(try transcriber.transcribe([sound], WhisperRequest(language: text.language)) == [text])
        }
    }

    /// A batch of recordings in several languages is what its recordings alone are.
    @Test func batchesMixLanguages() throws {
        let folder = try folder()
        defer { try? FileManager.default.removeItem(at: folder) }
        let clips = folder.appendingPathComponent("data/clips")
        try FileManager.default.createDirectory(at: clips, withIntermediateDirectories: true)
        for (name, pitch) in [("0.wav", 300.0), ("1.wav", 500), ("2.wav", 700)] {
            let sound = try sound(seconds: 0.5, pitch: pitch).array(of: Float.self).map(Double.init)
            try TinySpeech.wave(sound).write(to: clips.appendingPathComponent(name))
        }
        let data = folder.appendingPathComponent("data")
        let rows = [("0.wav", "AB", "fr"), ("1.wav", "ABCD", "de"), ("2.wav", "A", "")]
        func open(_ language: (Int) -> String) throws -> any Dataset {
            let lines = rows.enumerated().map { "\($1.0)\t\($1.1)\t\(language($0))\n" }
            try Data(("path\tsentence\tlocale\n" + lines.joined()).utf8)
                .write(to: data.appendingPathComponent("train.tsv"))
            return try DatasetFolder.open(data, modelFolder: folder, split: "train", language: "en")
        }
        let model = try ModelFolder.load(folder)
        func logits(_ batch: Batch, row: Int) throws -> Tensor {
            let logits = try withoutGradients {
                try model(batch.inputs, ForwardPass()).required("logits")
            }
            return try logits.select(row, axis: 0)
        }
        let mixed = try open { rows[$0].2 }.batch([0, 1, 2])
        let tokens = try mixed.inputs.required("decoder_input_ids")
        #expect(try tokens.select(1, axis: 1).array(of: Int.self) == [73, 74, 72])
        for (row, code) in ["fr", "de", "en"].enumerated() {
            let alone = try open { _ in code }.batch([row])
            let width = try alone.inputs.required("decoder_input_ids").size(1)
            let labels = try mixed.labels.map { try $0.select(row, axis: 0).slice(0..<width, axis: 0) }
            #expect(try labels?.array(of: Int.self) == alone.labels?.array(of: Int.self))
            let difference =
                try logits(mixed, row: row).slice(0..<width, axis: 0)
                - logits(alone, row: 0)
            #expect(try difference.absolute().maximum().item(Double.self) < 1e-5, "\(code)")
        }
    }

    @Test func timestampsGoOnThroughTheSound() throws {
        let folder = try folder()
        defer { try? FileManager.default.removeItem(at: folder) }
        let transcriber = try SpeechTranscriber(AdaptiveModel.load(folder), folder: folder)
        let request = WhisperRequest(language: "en", hasTimestamps: true)
        let found = try transcriber.transcribe([sound(seconds: 2.5, pitch: 400)], request)[0]
        #expect(found.segments.count >= 2)
        for (segment, next) in zip(found.segments, found.segments.dropFirst()) {
            #expect(segment.start <= segment.end && segment.start <= next.start)
        }
        #expect(!found.text.contains("<|"))
        let json = found.json
        #expect(json["language"] == "en" && json["load"] == .null && json["duration"] == 2.5)
        #expect(json["segments"]?.arrayValue?.count == found.segments.count)
    }

    @Test func adaptiveModelsTellTheirLoad() throws {
        let folder = try folder()
        defer { try? FileManager.default.removeItem(at: folder) }
        let dense = try ModelFolder.load(folder)
        let inputs = try ModelInputs([
            "input_features": .normal([1, 5, 100]), "decoder_input_ids": .full([1, 4], 3, .int64),
        ])
        let model = try AdaptiveModel.convert(
            dense, SurgeryOptions(kinds: [.feedForward, .crossValue]), calibration: [inputs])
        let transcriber = try SpeechTranscriber(model, folder: folder)
        let found = try transcriber.transcribe([sound(seconds: 0.5, pitch: 300)], budget: 0.5)[0]
        let load = try #require(found.load)
        #expect(load > 0 && load <= 1 && found.json["load"] == .number(load))
    }

    @Test func othersAreRefused() throws {
        func refusal(_ folder: URL, _ model: URL? = nil) throws -> String {
            let model = try AdaptiveModel.load(model ?? folder)
            let error = #expect(throws: (any Error).self) {
                _ = try SpeechTranscriber(model, folder: folder)
            }
            return error?.localizedDescription ?? ""
        }
        let bert = goldens.appendingPathComponent("bert")
        #expect(try refusal(bert).contains("not a WhisperForConditionalGeneration"))
        let other = try folder(mels: 6)
        defer { try? FileManager.default.removeItem(at: other) }
        #expect(try refusal(other).contains("6 mel bands"))
        let broken = try folder { $0["suppress_tokens"] = [500] }
        defer { try? FileManager.default.removeItem(at: broken) }
        #expect(try refusal(broken).contains("suppress_tokens"))
        let empty = try folder()
        defer { try? FileManager.default.removeItem(at: empty) }
        let transcriber = try SpeechTranscriber(AdaptiveModel.load(empty), folder: empty)
        #expect(throws: (any Error).self) { try transcriber.transcribe([.zeros([0])]) }
    }
}
