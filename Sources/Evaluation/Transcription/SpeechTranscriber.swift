import AdaptiveComputation
import Foundation
import Preprocessing
import Torch
import Transformers

/// Writes down what is said in sounds, with a Whisper model.
///
/// ```swift
/// let transcriber = try SpeechTranscriber(model, folder: folder)
/// let sound = try AudioDecoder.decode(file, sampleRate: transcriber.sampleRate)
/// print(try transcriber.transcribe([sound], WhisperRequest(language: "en"))[0].text)
/// ```
///
/// Sounds longer than the model's window, 30 s, are heard window by window. With timestamps each window
/// begins where the text of the one before ends (Radford et al. 2022, section 3.8); without, windows are
/// cut from the sound one after another, and a word at a cut may be lost.
public struct SpeechTranscriber {
    public let model: AdaptiveModel
    public let spectrogram: LogMelSpectrogram
    public let tokenizer: ByteLevelTokenizer
    public let configuration: WhisperGenerationConfiguration
    private let network: WhisperModel
    private let device: Device

    /// Samples a second of the sounds that are heard.
    public var sampleRate: Int { spectrogram.sampleRate }

    /// - Parameters:
    ///   - model: a Whisper with its head.
    ///   - folder: where `generation_config.json`, `preprocessor_config.json` and the tokenizer
    ///     lie.
    /// - Throws: ``EvaluationError/mismatch(_:)`` for a model that is no Whisper, or files that do not
    ///   fit it; what reading the files throws.
    public init(_ model: AdaptiveModel, folder: URL) throws {
        guard let network = model.network as? WhisperModel, network.givesLogits else {
            throw EvaluationError.mismatch(
                "\(folder.relativePath) is not a WhisperForConditionalGeneration, which transcription needs")
        }
        let spectrogram = try LogMelSpectrogram(folder: folder)
        let sizes = network.sizes
        guard [spectrogram.melCount, spectrogram.frameCount] == [sizes.melCount, sizes.frameCount] else {
            throw EvaluationError.mismatch(
                """
                The spectrograms of \(folder.relativePath) have \(spectrogram.melCount) mel bands and \
                \(spectrogram.frameCount) frames, its model takes \(sizes.melCount) and \(sizes.frameCount)
                """)
        }
        self.model = model
        self.network = network
        self.spectrogram = spectrogram
        tokenizer = try ByteLevelTokenizer(folder: folder)
        configuration = try WhisperGenerationConfiguration(folder: folder, sizes: sizes)
        device = network.namedParameters().first?.tensor.device ?? .cpu
    }

    /// The texts of some sounds, heard together.
    ///
    /// - Parameters:
    ///   - sounds: each `[samples]` at ``sampleRate``, -1 to 1.
    ///   - request: language, task, and whether the text has timestamps.
    ///   - budget: the load that is asked for, 0…1.
    /// - Throws: `PreprocessingError` for an empty sound, `ModelError` for a request that the model does
    ///   not know.
    public func transcribe(
        _ sounds: [Tensor], _ request: WhisperRequest = WhisperRequest(), budget: Double = 1
    ) throws -> [Transcript] {
        var meter = LoadMeter(model)
        let generator = try WhisperGenerator(network, configuration) { body in
            let pass = AdaptivePass(budget: budget)
            let result = try body(pass)
            try meter.add(pass)
            return result
        }
        let request = configuration.withTask(request)
        return try withoutGradients {
            let parts = try sounds.map { try windows($0, request) }  // of each sound
            let texts = try generator.generate(parts.flatMap { $0 }, request)
            var next = 0
            return try zip(sounds, parts).map { sound, parts in
                defer { next += parts.count }
                return try transcript(
                    Array(texts[next..<next + parts.count]), sampleCount: sound.size(0),
                    load: meter.modules.isEmpty ? nil : meter.load)
            }
        }
    }

    /// The spectrogram of a whole sound where timestamps say how to go on, else one for each window.
    private func windows(_ sound: Tensor, _ request: WhisperRequest) throws -> [Tensor] {
        if request.hasTimestamps { return [try spectrogram(sound).to(device)] }
        let width = spectrogram.chunkWidth
        return try stride(from: 0, to: max(sound.elementCount, 1), by: width).map { start in
            let end = min(start + width, sound.elementCount)
            return try spectrogram.chunk(sound.slice(start..<end, axis: 0)).to(device)
        }
    }

    private func transcript(
        _ texts: [WhisperGenerator.Text], sampleCount: Int, load: Double?
    ) throws -> Transcript {
        let window = Double(spectrogram.chunkWidth) / Double(sampleRate)
        var segments: [Transcript.Segment] = []
        for (number, text) in texts.enumerated() {
            let offset = Double(number) * window
            segments += try text.segments.map { segment in
                Transcript.Segment(
                    start: offset + segment.start, end: offset + segment.end, text: try read(segment.tokens))
            }
        }
        let code = texts.first?.language.flatMap { token in
            configuration.languages?.first { $0.value == token }?.key
        }
        // Across segments a character may be cut in two, so the whole is read at once.
        let text = try texts.map { try read($0.tokens) }.joined()
        return Transcript(
            text: text.trimmingCharacters(in: .whitespaces), language: code, segments: segments,
            duration: Double(sampleCount) / Double(sampleRate), load: load)
    }

    /// The text of tokens without timestamps.
    private func read(_ tokens: [Int]) throws -> String {
        let first = configuration.firstTimestampToken ?? .max
        return try tokenizer.decode(tokens.filter { $0 < first })
    }
}
