import Foundation
import Torch

/// Makes a speech model's inputs of mono audio, as `Wav2Vec2FeatureExtractor` of transformers does.
///
/// With ``normalizes`` each waveform becomes `(x - mean) / sqrt(variance + 1e-7)`. With a mask, mean and
/// variance are those of its own samples and padding is ``paddingValue``; without one the padding is
/// there before, and counts.
public struct WaveformFeatureExtractor: Sendable, Equatable {
    /// Samples of one second.
    public let samplingRate: Int
    public let normalizes: Bool
    public let returnsMask: Bool
    public let paddingValue: Float

    public init(
        samplingRate: Int = 16_000, normalizes: Bool = true, returnsMask: Bool = false,
        paddingValue: Float = 0
    ) {
        self.samplingRate = samplingRate
        self.normalizes = normalizes
        self.returnsMask = returnsMask
        self.paddingValue = paddingValue
    }

    /// Reads `preprocessor_config.json` of a Hugging Face folder.
    ///
    /// - Throws: ``PreprocessingError`` if it is missing or malformed, or for another kind of extractor.
    public init(folder: URL) throws {
        let operation = "Reading the preprocessor"
        let file = folder.appendingPathComponent("preprocessor_config.json")
        guard FileManager.default.fileExists(atPath: file.path) else {
            throw PreprocessingError.missingFile(
                operation: operation, expected: "preprocessor_config.json", path: folder.path)
        }
        let root = try JSONCursor(file: file, operation: operation)
        try root.optional("feature_extractor_type")?.expect("Wav2Vec2FeatureExtractor")
        try root.optional("padding_side")?.expect("right")
        if let size = try root.optional("feature_size"), try size.integer(in: 0...Int.max) != 1 {
            throw size.unsupported(expected: "1", found: "another number")
        }
        samplingRate = try root.optional("sampling_rate")?.integer(in: 1...10_000_000) ?? 16_000
        normalizes = try root.optional("do_normalize")?.boolean() ?? true
        returnsMask = try root.optional("return_attention_mask")?.boolean() ?? false
        guard let value = try root.optional("padding_value") else {
            paddingValue = 0
            return
        }
        guard let number = value.node.doubleValue else { throw value.mismatch("a number") }
        paddingValue = Float(number)
    }

    /// The inputs of a batch, padded to the longest waveform.
    ///
    /// - Parameters:
    ///   - waveforms: samples in -1…1.
    ///   - samplingRate: of the waveforms.
    /// - Returns: `values [batch, samples]` float32 and, where the model takes one, `mask [batch, samples]`
    ///   int64.
    /// - Throws: ``PreprocessingError/invalidArgument(operation:expected:found:)`` for another rate, no
    ///   waveforms, one without samples or with numbers that are not finite.
    public func callAsFunction(
        _ waveforms: [[Float]], samplingRate: Int
    ) throws -> (values: Tensor, mask: Tensor?) {
        try check(waveforms, samplingRate)
        let width = waveforms.map(\.count).max() ?? 0
        var values: [Float] = []
        values.reserveCapacity(waveforms.count * width)
        for waveform in waveforms {
            let padding = Array(repeating: paddingValue, count: width - waveform.count)
            if !normalizes {
                values += waveform + padding
            } else if returnsMask {
                values += Self.normalized(waveform) + padding
            } else {
                values += Self.normalized(waveform + padding)
            }
        }
        let shape = [waveforms.count, width]
        guard returnsMask else { return (try Tensor(values, shape: shape), nil) }
        let mask = waveforms.flatMap { waveform in (0..<width).map { $0 < waveform.count ? 1 : 0 } }
        return (try Tensor(values, shape: shape), try Tensor(mask, shape: shape))
    }

    private func check(_ waveforms: [[Float]], _ rate: Int) throws {
        func refuse(_ expected: String, _ found: String) -> PreprocessingError {
            .invalidArgument(operation: "Preparing audio", expected: expected, found: found)
        }
        guard rate == samplingRate else {
            throw refuse("\(samplingRate) samples a second", "\(rate)")
        }
        guard !waveforms.isEmpty else { throw refuse("at least one waveform", "none") }
        for (index, waveform) in waveforms.enumerated() {
            guard !waveform.isEmpty else { throw refuse("samples in waveform \(index)", "none") }
            if let place = waveform.firstIndex(where: { !$0.isFinite }) {
                throw refuse("finite samples in waveform \(index)", "\(waveform[place]) at \(place)")
            }
        }
    }

    private static func normalized(_ waveform: [Float]) -> [Float] {
        let count = Double(waveform.count)
        let mean = waveform.reduce(0.0) { $0 + Double($1) } / count
        let variance = waveform.reduce(0.0) { $0 + (Double($1) - mean) * (Double($1) - mean) } / count
        let scale = 1 / (variance + 1e-7).squareRoot()
        return waveform.map { Float((Double($0) - mean) * scale) }
    }
}
