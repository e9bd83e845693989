import Foundation
import Preprocessing
import TestSupport
import Testing
import Torch
import Transformers

@testable import Datasets

@Suite struct SpeechPackTests {
    let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
        for number in 0..<40 {
            try folder.put(
                "data/clips/\(number).wav",
                TinySpeech.wave(Array(repeating: Double(number - 20) / 20, count: 30 + number)))
        }
        let rows = (0..<40).map { "\($0).wav\ttext \($0)\n" }
        try folder.put("data/train.tsv", "path\tsentence\n" + rows.joined())
    }

    func pack(_ badSamples: BadSamples = BadSamples()) throws -> (count: Int, seconds: Double) {
        try SpeechPack.write(
            CommonVoice.files(folder["data"], split: "train", badSamples: badSamples),
            to: folder["out.safetensors"], badSamples: badSamples, options: LoadingOptions(workers: 3))
    }

    @Test func recordingsAndTextsComeBackAsTheyWere() throws {
        let (count, seconds) = try pack()
        #expect(count == 40 && abs(seconds - Double(40 * 30 + 780) / 16000) < 1e-9)
        let packed = try PackedSpeech(folder["out.safetensors"])
        let files = try CommonVoice.files(folder["data"], split: "train")
        #expect(packed.names == files.names && packed.texts == files.texts && packed.sampleRate == 16000)
        #expect(packed.languages == nil)
        for index in [0, 17, 39] {
            let clip = try packed.clip(index, sampleRate: 16000).array(of: Float.self)
            #expect(clip == (try files.clip(index, sampleRate: 16000).array(of: Float.self)))
            #expect(clip.count == 30 + index && abs(clip[0] - Float(index - 20) / 20) < 1e-4)
        }
        #expect(packed.byteCounts?[3] == 66)
        #expect(try packed.read(0).count == 60)
        #expect(packed.place(of: 2).hasSuffix("out.safetensors, 2.wav"))
        #expect(try folder.contents() == ["data", "out.safetensors"])
    }

    @Test func languagesComeBackAsTheyWere() throws {
        let rows = (0..<40).map { "\($0).wav\ttext\t\($0 == 3 ? "" : $0 % 2 == 0 ? "fr" : "zh-CN")\n" }
        try folder.put("data/train.tsv", "path\tsentence\tlocale\n" + rows.joined())
        try folder.put("data/clips/7.wav", Data("no sound".utf8))
        _ = try pack(BadSamples(areSkipped: true))
        let packed = try PackedSpeech(folder["out.safetensors"])
        #expect(packed.languages?.prefix(4) == ["fr", "zh-CN", "fr", nil])
        #expect(packed.languages?[7] == "fr" && packed.languages?.count == 39)
    }

    /// A model reads the packed file like the folder, and held-out samples stay the same ones.
    @Test func aModelTakesThePackedFile() throws {
        _ = try pack()
        let model = folder["model"]
        try TinySpeech.addModel(to: model)
        func open(_ path: String, letters: LetterLabels = .asModel) throws -> AudioDataset {
            let data = try DatasetFolder.open(
                folder[path], modelFolder: model, split: "train", letters: letters)
            return try #require(data as? AudioDataset)
        }
        let (packed, plain) = (try open("out.safetensors"), try open("data"))
        #expect(packed.text(of: 5) == "text 5" && packed.count == 40)
        let batches = (try packed.batch([3, 1]), try plain.batch([3, 1]))
        #expect(try batches.0.labels?.array(of: Int.self) == batches.1.labels?.array(of: Int.self))
        #expect(
            try batches.0.inputs.required("input_values").array(of: Float.self)
                == batches.1.inputs.required("input_values").array(of: Float.self))
        let parts = (HashSplit.part(packed, share: 0.3), HashSplit.part(plain, share: 0.3))
        #expect(parts.0.heldOut.numbers == parts.1.heldOut.numbers && !parts.0.heldOut.numbers.isEmpty)
        #expect(try DatasetLayout(folder["out.safetensors"]) == .packedSpeech(folder["out.safetensors"]))
    }

    @Test func whatCannotBeReadIsLeftOutOrStops() throws {
        try folder.put("data/clips/7.wav", Data("no sound".utf8))
        #expect(throws: DatasetError.self) { try pack() }
        #expect(try folder.contents() == ["data"])
        let badSamples = BadSamples(areSkipped: true)
        #expect(try pack(badSamples).count == 39 && badSamples.entries.count == 1)
        #expect(try PackedSpeech(folder["out.safetensors"]).texts?[7] == "text 8")
    }

    @Test func badFilesAreRefused() throws {
        func message(
            ends: [Int], samples: Tensor? = nil, metadata: [String: String] = ["sample_rate": "16000"]
        ) throws -> String {
            let file = folder["bad.safetensors"]
            let sound = try samples ?? .zeros([100], .int16)
            try SafetensorsWriter.write(
                [("samples", sound), ("ends", Tensor(ends, shape: [ends.count]))], to: file,
                metadata: metadata)
            let error = try #require(throws: DatasetError.self) { try PackedSpeech(file) }
            return error.localizedDescription
        }
        #expect(try message(ends: [40, 101]).contains("must end with the 100 samples, found 101"))
        #expect(try message(ends: [40, 90]).contains("found 90"))
        #expect(try message(ends: [40, 30, 100]).contains("recording 1 must end after sample 40, found 30"))
        #expect(try message(ends: [-5, 100]).contains("recording 0 must end after sample 0, found -5"))
        #expect(try message(ends: []).contains("no samples"))
        #expect(try message(ends: [100], metadata: [:]).contains("sample_rate"))
        #expect(
            try message(ends: [100], metadata: ["sample_rate": "16000", "texts": "a\nb"])
                .contains("1 lines of \"texts\", found 2"))
        #expect(try message(ends: [100], samples: .zeros([100], .float32)).contains("int16"))
    }

    @Test func anotherRateIsRefused() throws {
        let file = folder["slow.safetensors"]
        try SafetensorsWriter.write(
            [("samples", try .zeros([100], .int16)), ("ends", try Tensor([100]))], to: file,
            metadata: ["sample_rate": "8000"])
        try TinySpeech.addModel(to: folder["model"])
        let data = try DatasetFolder.open(file, modelFolder: folder["model"])
        let error = try #require(throws: DatasetError.self) { try data.batch([0]) }
        #expect(error.localizedDescription.contains("8000 samples a second, the model takes 16000"))
    }
}
