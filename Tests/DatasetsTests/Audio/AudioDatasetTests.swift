import Foundation
import Preprocessing
import TestSupport
import Testing
import Torch
import Transformers

@testable import Datasets

@Suite struct AudioDatasetTests {
    /// A WAV of one level at 8 kHz, 16 bits.
    func recording(_ level: Int16, samples: Int) -> Data {
        func bytes<Number: FixedWidthInteger>(_ number: Number) -> Data {
            withUnsafeBytes(of: number.littleEndian) { Data($0) }
        }
        let data = (0..<samples).reduce(Data()) { sum, _ in sum + bytes(level) }
        return Data("RIFF".utf8) + bytes(UInt32(36 + data.count)) + Data("WAVEfmt ".utf8) + bytes(UInt32(16))
            + bytes(UInt16(1)) + bytes(UInt16(1)) + bytes(UInt32(8000)) + bytes(UInt32(16000))
            + bytes(UInt16(2))
            + bytes(UInt16(16)) + Data("data".utf8) + bytes(UInt32(data.count)) + data
    }

    let folder: TemporaryFolder
    let frontEnd = AudioFrontEnd(
        sampleRate: 8000,
        inputs: { clips in
            let width = clips.map { $0.elementCount }.max() ?? 0
            return ModelInputs([
                "input_values": try Tensor.stacked(
                    clips.map { try $0.paddedLast(before: 0, after: width - $0.elementCount) })
            ])
        },
        encode: { text, _ in
            text.unicodeScalars.filter { ("a"..."z").contains($0) }.map { Int($0.value) - 97 }
        }
    )

    init() throws {
        folder = try TemporaryFolder()
        try folder.put("clips/0.wav", recording(8192, samples: 100))
        try folder.put("clips/1.wav", recording(-16384, samples: 160))
        try folder.put("clips/2.wav", recording(0, samples: 50).prefix(20))
        try folder.put("test.tsv", "path\tsentence\n0.wav\tab\n1.wav\tcab\n2.wav\ta\n1.wav\t!\n")
    }

    @Test func textsBecomePaddedLabels() throws {
        let badSamples = BadSamples(areSkipped: true)
        let data = try AudioDataset(
            CommonVoice.files(folder.url, split: "test"), frontEnd, badSamples: badSamples)
        #expect(data.count == 4 && data.classNames == nil && data.text(of: 1) == "cab")
        #expect(data.lengths == [244, 364, 20, 364])
        let batch = try data.batch([3, 1, 2, 0])
        #expect(batch.indices == [1, 0])
        let labels = try #require(batch.labels)
        #expect(labels.shape == [2, 3] && labels.dataType == .int64)
        #expect(try labels.array(of: Int.self) == [2, 0, 1, 0, 1, -100])
        let sound = try batch.inputs.required("input_values")
        #expect(sound.shape == [2, 160])
        #expect(try sound.select(0, axis: 0).array(of: Float.self)[5] == -0.5)
        #expect(try sound.select(1, axis: 0).array(of: Float.self)[99] == 0.25)
        #expect(badSamples.entries.count == 2)
        #expect(
            badSamples.entries.contains {
                $0.reason.contains("gives no labels") && $0.place.contains("line 5")
            })
        #expect(badSamples.entries.contains { $0.place.contains("2.wav") && $0.place.contains("line 4") })
    }

    /// A decoder is asked in the language of each recording; a language that it does not know is a bad sample.
    @Test func promptsAreThoseOfTheLanguages() throws {
        let asked = AudioFrontEnd(
            sampleRate: 8000, inputs: frontEnd.inputs, encode: frontEnd.encode,
            decoderPrompt: { language in
                switch language {
                case "fr": [90, 91, 92]
                case nil: [90, 92]
                default: throw DatasetError.reason("no \(language ?? "")")
                }
            })
        try folder.put(
            "train.tsv",
            "path\tlocale\tsentence\n0.wav\tfr\tab\n1.wav\t \tcab\n1.wav\txx\ta\n0.wav\txx\tab\n")
        func open(_ badSamples: BadSamples = BadSamples()) throws -> AudioDataset {
            try AudioDataset(
                CommonVoice.files(folder.url, split: "train"), asked, badSamples: badSamples)
        }
        let error = try #require(throws: DatasetError.self) { try open() }
        #expect(error.localizedDescription.contains("line 4"))
        let badSamples = BadSamples(areSkipped: true)
        let data = try open(badSamples)
        #expect(
            badSamples.entries.count == 2 && badSamples.entries.allSatisfy { $0.reason.contains("no xx") })
        #expect((0..<3).map(data.language(of:)) == ["fr", nil, "xx"])
        let batch = try data.batch([0, 1, 2])
        #expect(batch.indices == [0, 1])
        func rows(_ tensor: Tensor?) throws -> [Int] { try #require(tensor).array(of: Int.self) }
        #expect(try rows(batch.inputs["decoder_input_ids"]) == [90, 91, 92, 0, 90, 92, 2, 0])
        #expect(try rows(batch.inputs["decoder_attention_mask"]) == [1, 1, 1, 1, 1, 1, 1, 1])
        #expect(try rows(batch.labels) == [-100, -100, 0, 1, -100, 2, 0, 1])
    }

    @Test func aSpeechModelsFolderTellsHow() throws {
        try folder.put(
            "model/config.json", #"{"architectures": ["Wav2Vec2ForCTC"], "model_type": "wav2vec2"}"#)
        #expect(throws: PreprocessingError.self) { try AudioFrontEnd.of(folder["model"]) }
        try folder.put(
            "model/preprocessor_config.json",
            #"{"feature_extractor_type": "Wav2Vec2FeatureExtractor", "sampling_rate": 8000, "do_normalize": false, "#
                + #""return_attention_mask": true}"#)
        try folder.put(
            "model/vocab.json",
            #"{"<pad>": 0, "<s>": 1, "</s>": 2, "<unk>": 3, "|": 4, "a": 5, "b": 6, "c": 7}"#)
        let badSamples = BadSamples(areSkipped: true)
        let data = try DatasetFolder.open(
            folder.url, modelFolder: folder["model"], split: "test", badSamples: badSamples)
        let batch = try data.batch([1, 0])
        #expect(try #require(batch.labels).array(of: Int.self) == [7, 5, 6, 5, 6, -100])
        #expect(try batch.inputs.required("input_values").shape == [2, 160])
        #expect(try batch.inputs.required("attention_mask").sum(axis: 1).array(of: Int.self) == [160, 100])
        try folder.put("model/config.json", #"{"architectures": ["BertModel"], "model_type": "bert"}"#)
        #expect(throws: DatasetError.self) {
            try DatasetFolder.open(folder.url, modelFolder: folder["model"], split: "test")
        }
    }

    /// G.722 has no marks of its own: two samples a byte, at 16 kHz.
    @Test func someAudioIsKnownByItsNameAlone() throws {
        let sound = Data((0..<160).map { UInt8(truncatingIfNeeded: $0 * 37) })
        try folder.put("clips/3.g722", sound)
        try folder.put("train.tsv", "path\tsentence\n3.g722\tab\n")
        let table = try AudioDataset(CommonVoice.files(folder.url, split: "train"), frontEnd)
        #expect(try table.batch([0]).inputs.required("input_values").shape == [1, 160])
        let shard = try folder.put("s.tar", tarArchive([("a.g722", sound), ("a.txt", Data("ab".utf8))]))
        let shards = try AudioDataset(TarShards([shard]), frontEnd)
        #expect(try shards.batch([0]).inputs.required("input_values").shape == [1, 160])
        #expect(shards.place(of: 0)?.hasSuffix("s.tar, a.g722") == true)
    }

    @Test func theFirstBadOneStops() throws {
        let error = try #require(throws: DatasetError.self) {
            try AudioDataset(CommonVoice.files(folder.url, split: "test"), frontEnd)
        }
        #expect(error.localizedDescription.contains("line 5"))
        let plain = try AudioDataset(
            SampleFiles(folder: folder["clips"], names: ["0.wav", "2.wav"]), frontEnd)
        #expect(try plain.batch([0]).labels == nil)
        let broken = try #require(throws: DatasetError.self) { try plain.batch([0, 1]) }
        #expect(broken.localizedDescription.contains("2.wav"))
    }

    /// For training, letters that the vocabulary lacks and recordings too short for their text are bad samples.
    @Test func whatCannotBeLearntIsRefused() throws {
        try TinySpeech.addModel(to: folder["model"])
        let frame = 160
        let field = 10 + 7 * 5 + 3 * 40
        func data(_ text: String, frames: Int, _ letters: LetterLabels) throws -> any Dataset {
            try folder.put(
                "speech/clips/0.wav",
                TinySpeech.wave(
                    Array(repeating: 0.1, count: field + frame * (frames - 1))))
            try folder.put("speech/train.tsv", "path\tsentence\n0.wav\t\(text)\n")
            return try DatasetFolder.open(
                folder["speech"], modelFolder: folder["model"], split: "train", letters: letters)
        }
        // A blank stands between two letters that are the same.
        #expect(try data("abba", frames: 5, .learnt).batch([0]).labels?.shape == [1, 4])
        let short = try #require(throws: DatasetError.self) {
            try data("abba", frames: 4, .learnt).batch([0])
        }
        #expect(short.localizedDescription.contains("0.wav"))
        #expect(short.localizedDescription.contains("it has 4 frames, the text takes 5"))
        #expect(try data("abba", frames: 4, .asModel).batch([0]).indices == [0])
        let unknown = try #require(throws: DatasetError.self) { try data("ab, d, d", frames: 9, .learnt) }
        #expect(unknown.localizedDescription.contains("line 2"))
        #expect(unknown.localizedDescription.contains("letters that vocab.json lacks: \",\", \"d\""))
        #expect(
            try data("ad", frames: 9, .asModel).batch([0]).labels?.array(of: Int.self) == [5, 3])
        try FileManager.default.removeItem(at: folder["model/vocab.json"])
        let missing = try #require(throws: PreprocessingError.self) { try data("ab", frames: 9, .learnt) }
        #expect(missing.localizedDescription.contains("vocab.json"))
    }
}
