import Foundation
import Torch

private enum Operators {
    static let window = Operator("aten::hann_window")
    static let transform = Operator("aten::stft", "center")
    static let logarithm = Operator("aten::log10")
    static let larger = Operator("aten::maximum")
}

/// The spectrogram that Whisper hears.
///
/// Power of a short-time Fourier transform with a Hann window, summed into mel bands, and of that
/// `y = (max(log10 p, max(log10 p) - 8) + 4) / 4` with p at least 1e-10.
///
/// - Input: samples `[samples]` at ``sampleRate``, -1 to 1; output: `[mels, frames]` float32.
/// - Source: Radford et al. 2022, section 2.2; `WhisperFeatureExtractor` of transformers.
public struct LogMelSpectrogram: Sendable {
    /// In hertz.
    public let sampleRate: Int
    public let melCount: Int
    /// Samples of one Fourier transform.
    public let windowWidth: Int
    /// Samples from frame to frame.
    public let hop: Int
    /// Samples that a model takes at once.
    public let chunkWidth: Int
    private let filters: MelFilterBank

    /// Frames that a model takes at once.
    public var frameCount: Int { chunkWidth / hop }

    /// Reads `preprocessor_config.json` of a Hugging Face folder.
    ///
    /// - Throws: ``PreprocessingError`` for a missing or malformed file, or another extractor's;
    ///   `JSONError` for an impossible size.
    public init(folder: URL) throws {
        let operation = "Reading the feature extractor"
        let file = folder.appendingPathComponent("preprocessor_config.json")
        guard FileManager.default.fileExists(atPath: file.path) else {
            throw PreprocessingError.missingFile(
                operation: operation, expected: file.lastPathComponent, path: folder.path)
        }
        let reader = try JSONObjectReader(contentsOf: file)
        for (key, wanted) in [
            ("feature_extractor_type", "WhisperFeatureExtractor"), ("padding_side", "right"),
        ] {
            let found = try reader.string(key, default: wanted)
            guard found == wanted else {
                throw PreprocessingError.unsupported(
                    operation: operation, expected: "\(wanted) for \"\(key)\"", found: found, path: file.path)
            }
        }
        let dither = try reader.double("dither", default: 0)
        guard dither == 0 else {
            throw PreprocessingError.unsupported(
                operation: operation, expected: "0 for \"dither\"", found: "\(dither)", path: file.path)
        }
        try self.init(
            melCount: reader.integer("feature_size", default: 80, in: 1...1000),
            sampleRate: reader.integer("sampling_rate", default: 16_000, in: 8000...1_000_000),
            windowWidth: reader.integer("n_fft", default: 400, in: 2...100_000),
            hop: reader.integer("hop_length", default: 160, in: 1...100_000),
            chunkLength: reader.integer("chunk_length", default: 30, in: 1...3600))
    }

    /// - Parameters:
    ///   - melCount: number of mel bands.
    ///   - sampleRate: in hertz.
    ///   - windowWidth: samples of one Fourier transform.
    ///   - hop: samples from frame to frame.
    ///   - chunkLength: in seconds.
    public init(
        melCount: Int = 80, sampleRate: Int = 16_000, windowWidth: Int = 400, hop: Int = 160,
        chunkLength: Int = 30
    ) throws {
        self.melCount = melCount
        self.sampleRate = sampleRate
        self.windowWidth = windowWidth
        self.hop = hop
        chunkWidth = chunkLength * sampleRate
        filters = try MelFilterBank(
            bandCount: melCount, frequencyCount: windowWidth / 2 + 1, sampleRate: sampleRate,
            highest: 8000)
    }

    /// The spectrogram of the first chunk, with silence after the end of shorter sounds:
    /// `[mels, frameCount]`.
    ///
    /// - Throws: as ``callAsFunction(_:)``.
    public func chunk(_ samples: Tensor) throws -> Tensor {
        try check(samples)
        let count = try samples.size(0)
        return try self(count > chunkWidth ? samples.slice(0..<chunkWidth, axis: 0) : padded(samples))
    }

    /// The spectrogram of a whole sound, at least a chunk long: `[mels, samples / hop]`.
    ///
    /// - Throws: ``PreprocessingError/invalidArgument(operation:expected:found:)`` unless the samples
    ///   are a vector of floating-point numbers, at least one.
    public func callAsFunction(_ samples: Tensor) throws -> Tensor {
        try check(samples)
        let sound = try padded(samples.to(nil, .float32))
        let window = try Operators.window(
            .int(windowWidth), .dataType(.float32), .none, .device(sound.device))
        // [frequencies, frames] complex
        let waves = try Operators.transform(
            .tensor(sound), .int(windowWidth), .int(hop), .int(windowWidth), .tensor(window), .bool(true),
            .string("reflect"), .bool(false), .bool(true), .bool(true))
        let frames = try waves.size(1) - 1  // the last one is not used
        let power = try waves.slice(0..<frames, axis: 1).absolute().square().contiguous()
        let bands = try filters.weights.to(sound.device).matmul(power).clamped(minimum: 1e-10)
        let levels = try Operators.logarithm(.tensor(bands))
        let floor = try levels.maximum() - 8
        return try (Operators.larger(.tensor(levels), .tensor(floor)) + 4) / 4
    }

    private func check(_ samples: Tensor) throws {
        guard samples.rank == 1, samples.dataType.isFloatingPoint, samples.elementCount > 0 else {
            throw PreprocessingError.invalidArgument(
                operation: "Making a spectrogram", expected: "floating-point samples of shape [samples]",
                found: "\(samples.dataType) \(samples.shape)")
        }
    }

    /// With silence up to a chunk.
    private func padded(_ samples: Tensor) throws -> Tensor {
        let missing = try chunkWidth - samples.size(0)
        return missing > 0 ? try samples.paddedLast(before: 0, after: missing) : samples
    }
}
