import Foundation
import Preprocessing
import Torch
import Transformers

extension AudioFrontEnd {
    /// What the speech model in a Hugging Face folder takes; nil for a model of something else.
    ///
    /// - Parameters:
    ///   - modelFolder: where `config.json`, `preprocessor_config.json` and the tokenizer lie.
    ///   - language: the code of the texts' language; a multilingual Whisper must be told it where there
    ///     are texts.
    /// - Throws: what files and tokenizers throw; `ModelError` for a language that the model does not know.
    public static func of(_ modelFolder: URL, language: String? = nil) throws -> AudioFrontEnd? {
        let architecture = try ModelFolder.architecture(modelFolder)
        switch architecture.modelType {
        case "wav2vec2", "hubert", "wavlm":
            return try waveforms(modelFolder, hasLabels: architecture.task == .ctc)
        case "whisper": return try spectrograms(modelFolder, language: language)
        default: return nil
        }
    }

    private static func waveforms(_ folder: URL, hasLabels: Bool) throws -> AudioFrontEnd {
        let extractor = try WaveformFeatureExtractor(folder: folder)
        let tokenizer = hasLabels ? try CTCTokenizer(folder: folder) : nil
        return AudioFrontEnd(
            sampleRate: extractor.samplingRate,
            inputs: { clips in
                let (values, mask) = try extractor(
                    clips.map { try $0.array() }, samplingRate: extractor.samplingRate)
                var tensors = ["input_values": values]
                tensors["attention_mask"] = mask
                return ModelInputs(tensors)
            },
            encode: tokenizer.map { tokenizer in { @Sendable text in tokenizer.encode(text) } })
    }

    private static func spectrograms(_ folder: URL, language: String?) throws -> AudioFrontEnd {
        let spectrogram = try LogMelSpectrogram(folder: folder)
        let tokenizer = try ByteLevelTokenizer(folder: folder)
        let sizes = try WhisperConfiguration(
            JSONObjectReader(contentsOf: folder.appendingPathComponent("config.json")))
        let generation = try WhisperGenerationConfiguration(folder: folder, sizes: sizes)
        let request = WhisperRequest(language: language)
        let prompt = try generation.prompt(request)
        let end = generation.endTokens[0]
        return AudioFrontEnd(
            sampleRate: spectrogram.sampleRate,
            inputs: { clips in
                ModelInputs(["input_features": try .stacked(clips.map(spectrogram.chunk))])
            },
            encode: { text in
                try generation.requireLanguage(request)
                // A text begins with the space that stands before a word.
                let labels = try tokenizer.encode(" " + text) + [end]
                guard prompt.count + labels.count - 1 <= sizes.decoderTokenLimit else {
                    throw DatasetError.reason(
                        "the text has \(labels.count - 1) tokens, the decoder takes \(sizes.decoderTokenLimit) with "
                            + "its prompt of \(prompt.count)")
                }
                return labels
            },
            decoderPrompt: prompt)
    }
}
