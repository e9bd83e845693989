import Foundation

/// A made-up language of three tones, and a tiny recogniser of it without weights.
public enum TinySpeech {
    /// Writes Common Voice's layout: `train.tsv`, `test.tsv` and `clips`, of `a`, `b` and `c` at 16 kHz.
    ///
    /// - Parameters:
    ///   - folder: where it goes.
    ///   - texts: of `train`; `test` has the first eight.
    public static func addData(to folder: URL, texts: [String] = texts(count: 24)) throws {
        let clips = folder.appendingPathComponent("clips")
        try FileManager.default.createDirectory(at: clips, withIntermediateDirectories: true)
        var rows: [String] = []
        for (number, text) in texts.enumerated() {
            try wave(sound(text)).write(to: clips.appendingPathComponent("\(number).wav"))
            rows.append("\(number).wav\t\(text)\n")
        }
        for (name, rows) in [("train", rows[...]), ("test", rows.prefix(8))] {
            try Data(("path\tsentence\n" + rows.joined()).utf8)
                .write(to: folder.appendingPathComponent("\(name).tsv"))
        }
    }

    /// One to four letters, perhaps in two words.
    public static func texts(count: Int) -> [String] {
        (0..<count).map { number in
            let letters = (0...number % 4).map { ["a", "b", "c"][(number / 2 + $0 * (1 + number % 2)) % 3] }
            return letters.count < 3
                ? letters.joined() : letters.prefix(2).joined() + " " + letters.dropFirst(2).joined()
        }
    }

    /// Each letter lasts 50 ms, a space and what is before and after 30 ms.
    static func sound(_ text: String) -> [Double] {
        let silence = [Double](repeating: 0, count: 480)
        return silence
            + text.flatMap { letter in
                guard let tone = ["a": 500.0, "b": 1100, "c": 2300][letter] else { return silence }
                return (0..<800).map { place in
                    0.5 * sin(2 * .pi * tone * Double(place) / 16000) * sin(.pi * Double(place) / 800)
                }
            } + silence
    }

    /// A WAV of 16 bits at 16 kHz.
    public static func wave(_ samples: [Double]) -> Data {
        func bytes<Number: FixedWidthInteger>(_ number: Number) -> Data {
            withUnsafeBytes(of: number.littleEndian) { Data($0) }
        }
        let data = Data(samples.flatMap { bytes(Int16($0 * 32767)) })
        return Data("RIFF".utf8) + bytes(UInt32(36 + data.count)) + Data("WAVEfmt ".utf8) + bytes(UInt32(16))
            + bytes(UInt16(1)) + bytes(UInt16(1)) + bytes(UInt32(16000)) + bytes(UInt32(32000))
            + bytes(UInt16(2)) + bytes(UInt16(16)) + Data("data".utf8) + bytes(UInt32(data.count)) + data
    }

    /// Writes `config.json`, `vocab.json` and `preprocessor_config.json` of a recogniser of two blocks, whose
    /// frames are 10 ms apart.
    ///
    /// - Parameters:
    ///   - folder: where they go.
    ///   - family: `wav2vec2`, `hubert` or `wavlm`.
    ///   - masks: whether spans are hidden in training.
    public static func addModel(to folder: URL, family: String = "wav2vec2", masks: Bool = false) throws {
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let name = ["wav2vec2": "Wav2Vec2", "hubert": "Hubert", "wavlm": "WavLM"][family] ?? family
        let files = [
            "config.json": """
            {"architectures": ["\(name)ForCTC"], "model_type": "\(family)", "hidden_size": 32,
            "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 64, "hidden_act": "gelu",
            "do_stable_layer_norm": true, "feat_extract_norm": "layer", "feat_extract_activation": "gelu",
            "conv_bias": true, "conv_dim": [16, 24, 32], "conv_kernel": [10, 8, 4], "conv_stride": [5, 8, 4],
            "num_conv_pos_embeddings": 8, "num_conv_pos_embedding_groups": 4, "num_buckets": 16,
            "max_bucket_distance": 40, "apply_spec_augment": \(masks), "mask_time_prob": 0.2,
            "mask_time_length": 2, "mask_feature_prob": 0.1, "mask_feature_length": 4}
            """,
            "preprocessor_config.json": """
            {"feature_extractor_type": "Wav2Vec2FeatureExtractor", "sampling_rate": 16000,
            "do_normalize": true, "return_attention_mask": true}
            """,
            "vocab.json": """
            {"<s>": 1, "</s>": 2, "<unk>": 3, "<pad>": 0, "|": 4, "a": 5, "b": 6, "c": 7}
            """,
        ]
        for (name, content) in files {
            try Data(content.utf8).write(to: folder.appendingPathComponent(name))
        }
    }
}
