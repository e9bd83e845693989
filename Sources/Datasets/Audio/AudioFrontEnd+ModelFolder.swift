import Foundation
import Preprocessing
import Torch
import Transformers

extension AudioFrontEnd {
    /// What a folder of a Wav2Vec2, HuBERT or WavLM needs: its waveforms and, with `vocab.json`, labels of
    /// letters; nil for a folder without a feature extractor of that kind.
    ///
    /// - Throws: `PreprocessingError` for files that are malformed.
    public init?(modelFolder folder: URL) throws {
        let file = folder.appendingPathComponent("preprocessor_config.json")
        guard FileManager.default.fileExists(atPath: file.path) else { return nil }
        let kind = try JSONValue(contentsOf: file)["feature_extractor_type"]?.stringValue
        guard kind == "Wav2Vec2FeatureExtractor" else { return nil }
        let extractor = try WaveformFeatureExtractor(folder: folder)
        let hasLetters = FileManager.default.fileExists(
            atPath: folder.appendingPathComponent("vocab.json").path)
        var encode: (@Sendable (String) throws -> [Int])?
        if hasLetters {
            let tokenizer = try CTCTokenizer(folder: folder)
            encode = { tokenizer.encode($0) }
        }
        self.init(
            sampleRate: extractor.samplingRate,
            inputs: { clips in
                let (values, mask) = try extractor(
                    clips.map { try $0.array(of: Float.self) }, samplingRate: extractor.samplingRate)
                var tensors = ["input_values": values]
                tensors["attention_mask"] = mask
                return ModelInputs(tensors)
            }, encode: encode)
    }
}
