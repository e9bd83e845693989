import Foundation
import Preprocessing
import Torch
import Transformers

extension AudioFrontEnd {
    /// What the speech model in a Hugging Face folder takes; nil for a model of something else.
    ///
    /// - Parameters:
    ///   - modelFolder: where `config.json`, `preprocessor_config.json` and the tokenizer lie.
    ///   - language: the code of the language of recordings that do not tell theirs; a multilingual Whisper
    ///     must be told it where there are texts.
    ///   - letters: which labels texts give for a recogniser.
    /// - Throws: what files and tokenizers throw; `ModelError` for a language that the model does not know.
    public static func of(
        _ modelFolder: URL, language: String? = nil, letters: LetterLabels = .asModel
    ) throws -> AudioFrontEnd? {
        let architecture = try ModelFolder.architecture(modelFolder)
        switch architecture.modelType {
        case "wav2vec2", "hubert", "wavlm":
            let tokenizer =
                architecture.task == .ctc || letters == .learnt ? try CTCTokenizer(folder: modelFolder) : nil
            return try waveforms(modelFolder, architecture, tokenizer, letters)
        case "whisper": return try spectrograms(modelFolder, language: language)
        default: return nil
        }
    }

    private static func waveforms(
        _ folder: URL, _ architecture: Architecture, _ tokenizer: CTCTokenizer?, _ letters: LetterLabels
    ) throws -> AudioFrontEnd {
        let extractor = try WaveformFeatureExtractor(folder: folder)
        return AudioFrontEnd(
            sampleRate: extractor.samplingRate,
            inputs: { clips in
                let (values, mask) = try extractor(
                    clips.map { try $0.array() }, samplingRate: extractor.samplingRate)
                var tensors = ["input_values": values]
                tensors["attention_mask"] = mask
                return ModelInputs(tensors)
            },
            encode: tokenizer.map { tokenizer in
                { @Sendable text, _ in
                    if letters == .learnt { try requireKnown(text, tokenizer) }
                    return tokenizer.encode(text)
                }
            },
            problem: letters == .learnt ? try shortness(folder, architecture) : nil)
    }

    private static func requireKnown(_ text: String, _ tokenizer: CTCTokenizer) throws {
        let unknown = tokenizer.unknownLetters(in: text)
        guard !unknown.isEmpty else { return }
        let list = unknown.map { "\"\($0)\"" }.joined(separator: ", ")
        throw DatasetError.reason("the text \"\(text)\" has letters that vocab.json lacks: \(list)")
    }

    /// An alignment takes a frame for each label, and one more between two that are the same.
    private static func shortness(
        _ folder: URL, _ architecture: Architecture
    ) throws -> @Sendable (Int, [Int]) -> String? {
        let reader = try JSONObjectReader(contentsOf: folder.appendingPathComponent("config.json"))
        let family = Wav2Vec2Configuration.Family(rawValue: architecture.modelType) ?? .wav2vec2
        let sizes = try Wav2Vec2Configuration(reader, family: family)
        return { sampleCount, labels in
            let frames = sizes.frameCount(samples: sampleCount)
            let needed = labels.count + zip(labels, labels.dropFirst()).count { $0 == $1 }
            return frames >= needed
                ? nil : "is too short for its text: it has \(frames) frames, the text takes \(needed)"
        }
    }

    private static func spectrograms(_ folder: URL, language: String?) throws -> AudioFrontEnd {
        let spectrogram = try LogMelSpectrogram(folder: folder)
        let tokenizer = try ByteLevelTokenizer(folder: folder)
        let sizes = try WhisperConfiguration(
            JSONObjectReader(contentsOf: folder.appendingPathComponent("config.json")))
        let generation = try WhisperGenerationConfiguration(folder: folder, sizes: sizes)
        let request = WhisperRequest(language: language)
        _ = try generation.prompt(request)  // told before the samples are looked at
        let end = generation.endTokens[0]
        return AudioFrontEnd(
            sampleRate: spectrogram.sampleRate,
            inputs: { clips in
                ModelInputs(["input_features": try .stacked(clips.map(spectrogram.chunk))])
            },
            encode: { text, language in
                let request = generation.request(request, in: language)
                try generation.requireLanguage(request)
                let prompt = try generation.prompt(request)
                // A text begins with the space that stands before a word.
                let labels = try tokenizer.encode(" " + text) + [end]
                guard prompt.count + labels.count - 1 <= sizes.decoderTokenLimit else {
                    throw DatasetError.reason(
                        "the text has \(labels.count - 1) tokens, the decoder takes \(sizes.decoderTokenLimit) with "
                            + "its prompt of \(prompt.count)")
                }
                return labels
            },
            decoderPrompt: { try generation.prompt(generation.request(request, in: $0)) })
    }
}
