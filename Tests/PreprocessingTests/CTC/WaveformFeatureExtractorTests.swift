import Foundation
import Testing
import Torch

@testable import Preprocessing

@Suite struct WaveformFeatureExtractorTests {
    let folder = Goldens.folder.appendingPathComponent("ctc/features")

    @Test(arguments: ["masked", "unmasked", "raw", "valued"]) func valuesAreThoseOfTransformers(name: String)
        throws
    {
        let golden = try SafetensorsFile(folder.appendingPathComponent("features.safetensors")).tensors()
        let rows = try (0..<3).map { try #require(golden["audio.\($0)"]).array(of: Float.self) }
        let extractor = try WaveformFeatureExtractor(folder: folder.appendingPathComponent(name))
        for (kind, waveforms) in [("batch", rows), ("one", [rows[0]])] {
            let (values, mask) = try extractor(waveforms, samplingRate: 16000)
            let wanted = try #require(golden["\(name).\(kind).input_values"])
            #expect(values.shape == wanted.shape)
            // A constant waveform's mean is rounded in single precision there: 1e-7 of it is a lot of nothing.
            let error = try (values - wanted).absolute().maximum(axes: [1]).array(of: Double.self)
            #expect(error.prefix(2).allSatisfy { $0 < 1e-5 }, "\(name) \(error)")
            #expect(error.allSatisfy { $0 < 2e-3 }, "\(name) \(error)")
            let wantedMask = golden["\(name).\(kind).attention_mask"]
            #expect(try mask?.array(of: Int.self) == wantedMask?.array(of: Int.self))
        }
    }

    @Test func settingsAreRead() throws {
        let files = [
            "preprocessor_config.json":
                #"{"sampling_rate": 8000, "do_normalize": false, "return_attention_mask": true, "padding_value": -1}"#
        ]
        let folder = try TemporaryFolder(files)
        #expect(
            try WaveformFeatureExtractor(folder: folder.url)
                == WaveformFeatureExtractor(
                    samplingRate: 8000, normalizes: false, returnsMask: true, paddingValue: -1))
    }

    @Test(arguments: [
        (#"{"feature_extractor_type": "WhisperFeatureExtractor"}"#, "Wav2Vec2FeatureExtractor"),
        (#"{"feature_size": 80}"#, "feature_size"), (#"{"padding_side": "left"}"#, "right"),
        (#"{"sampling_rate": 0}"#, "sampling_rate"), (#"{"padding_value": "x"}"#, "a number"),
        ("{", "line 1"),
    ])
    func refusesOtherExtractors(settings: String, named: String) throws {
        let folder = try TemporaryFolder(["preprocessor_config.json": settings])
        #expect(try message { _ = try WaveformFeatureExtractor(folder: folder.url) }.contains(named))
    }

    @Test func refusesWhatIsNoAudio() throws {
        let extractor = WaveformFeatureExtractor()
        func refusal(_ waveforms: [[Float]], _ rate: Int = 16_000) throws -> String {
            try message { _ = try extractor(waveforms, samplingRate: rate) }
        }
        #expect(try refusal([[1]], 8000) == "Preparing audio: expected 16000 samples a second, found 8000.")
        #expect(try refusal([]).contains("at least one waveform"))
        #expect(try refusal([[1], []]) == "Preparing audio: expected samples in waveform 1, found none.")
        #expect(try refusal([[0, .nan]]).contains("nan at 1"))
        #expect(
            try message { _ = try WaveformFeatureExtractor(folder: TemporaryFolder().url) }.contains(
                "preprocessor_config.json"))
    }
}
