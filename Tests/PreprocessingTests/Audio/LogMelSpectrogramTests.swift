import Foundation
import Testing
import Torch

@testable import Preprocessing

/// Against what WhisperFeatureExtractor makes of the same sound.
@Suite struct LogMelSpectrogramTests {
    static let folder = Goldens.folder.appendingPathComponent("log_mel")

    func samples() throws -> Tensor {
        let file = try SafetensorsFile(Self.folder.appendingPathComponent("audio.safetensors"))
        return try file.tensor("samples").to(nil, .float32) / 32768
    }

    func largestDifference(_ first: Tensor, _ second: Tensor) throws -> Double {
        #expect(first.shape == second.shape)
        return try (first - second).absolute().maximum().item()
    }

    @Test(arguments: ["80", "128"]) func spectrogramsAreThoseOfTheReference(mels: String) throws {
        let folder = Self.folder.appendingPathComponent(mels)
        let spectrogram = try LogMelSpectrogram(folder: folder)
        let wanted = try SafetensorsFile(folder.appendingPathComponent("features.safetensors")).tensors()
        let samples = try samples()
        #expect(spectrogram.frameCount == 100 && spectrogram.melCount == Int(mels))
        let cut = try spectrogram.chunk(samples)
        #expect(try largestDifference(cut, #require(wanted["cut"])) < 1e-4)
        let padded = try spectrogram.chunk(samples.slice(0..<4801, axis: 0)).slice(0..<50, axis: 1)
        #expect(try largestDifference(padded, #require(wanted["padded"])) < 1e-4)
        // Another hop shows.
        let other = try LogMelSpectrogram(melCount: Int(mels) ?? 0, hop: 159, chunkLength: 1)
        let difference = try other.chunk(samples).slice(0..<100, axis: 1) - cut
        #expect(try difference.absolute().maximum().item(Double.self) > 1e-2)
    }

    @Test func wholeSoundsHaveAFrameForEveryHop() throws {
        let spectrogram = try LogMelSpectrogram(chunkLength: 1)
        #expect(try spectrogram(samples()).shape == [80, 110])
        #expect(try spectrogram(Tensor.zeros([5])).shape == [80, 100])
    }

    /// Slaney's scale: linear up to 1000 Hz, then 27 mels for every factor of 6.4.
    @Test func melsAreSlaneys() {
        #expect(MelFilterBank.mels(200) == 3 && MelFilterBank.hertz(3) == 200)
        #expect(abs(MelFilterBank.mels(6400) - 42) < 1e-9 && abs(MelFilterBank.hertz(42) - 6400) < 1e-6)
    }

    @Test func badSoundsAreRefused() throws {
        let spectrogram = try LogMelSpectrogram(chunkLength: 1)
        for wrong in [try Tensor.zeros([0]), try .zeros([2, 100]), try .zeros([100], .int16)] {
            #expect(throws: PreprocessingError.self) { try spectrogram(wrong) }
        }
    }

    @Test func badSettingsAreRefused() throws {
        func refusal(_ text: String) throws -> String {
            let folder = try TemporaryFolder(["preprocessor_config.json": text])
            let error = #expect(throws: (any Error).self) { try LogMelSpectrogram(folder: folder.url) }
            return error?.localizedDescription ?? ""
        }
        #expect(try refusal("{\"feature_size\": 0}").contains("\"feature_size\""))
        #expect(try refusal("{\"dither\": 0.1}").contains("dither"))
        #expect(
            try refusal("{\"feature_extractor_type\": \"Wav2Vec2FeatureExtractor\"}").contains("Wav2Vec2"))
        #expect(try refusal("[").contains("preprocessor_config.json"))
        let empty = try TemporaryFolder()
        let text = try message { _ = try LogMelSpectrogram(folder: empty.url) }
        #expect(text.contains("preprocessor_config.json"))
    }
}
