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
    /// Pairs of a block and a head that follow the sound; nil where the folder does not name them.
    private let alignmentHeads: [[Int]]?
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
        let file = folder.appendingPathComponent("generation_config.json")
        alignmentHeads = try? JSONValue(contentsOf: file)["alignment_heads"]?.arrayValue?.map {
            $0.arrayValue?.compactMap(\.integerValue) ?? []
        }
        device = network.namedParameters().first?.tensor.device ?? .cpu
    }

    /// The texts of some sounds, heard together.
    ///
    /// - Parameters:
    ///   - sounds: each `[samples]` at ``sampleRate``, -1 to 1.
    ///   - request: language, task, and whether the text has timestamps.
    ///   - languages: of each sound by its code, in place of the request's where it is not nil; nil where all are
    ///     asked for alike.
    ///   - budget: the load that is asked for, 0…1.
    /// - Throws: `PreprocessingError` for an empty sound, `ModelError` for a request that the model does
    ///   not know, ``EvaluationError/notFinite(_:)`` where the model's numbers are not.
    public func transcribe(
        _ sounds: [Tensor], _ request: WhisperRequest = WhisperRequest(), languages: [String?]? = nil,
        budget: Double = 1
    ) throws -> [Transcript] {
        var meter = LoadMeter(model)
        let texts = try write(sounds, request, languages: languages, budget: budget) { try meter.add($0) }
        return try zip(sounds, texts).map { sound, texts in
            try transcript(
                texts, sampleCount: sound.size(0), load: meter.modules.isEmpty ? nil : meter.load)
        }
    }

    /// What was heard in one sound, and what it took.
    struct Hearing {
        let transcript: Transcript
        /// What was written of each window.
        let tokens: [[Int]]
        /// Tokens that stand before those of each window.
        let promptCount: Int
        /// What the gates chose.
        let meter: LoadMeter
        /// Tokens that the decoder took, those of the prompt too.
        let tokenCount: Int
        /// Multiply-accumulates.
        let macs: Double
    }

    /// The text of one sound, and what it took.
    ///
    /// - Parameters:
    ///   - sound: `[samples]` at ``sampleRate``, -1 to 1.
    ///   - request: language and task; timestamps are not asked for.
    ///   - budget: the load that is asked for, 0…1.
    ///   - begin: gets every pass before it runs.
    ///   - see: gets every pass when it has run.
    func hear(
        _ sound: Tensor, _ request: WhisperRequest, budget: Double,
        begin: @escaping (AdaptivePass) -> Void = { _ in },
        see: @escaping (AdaptivePass) throws -> Void = { _ in }
    ) throws -> Hearing {
        var request = request
        request.hasTimestamps = false
        var meter = LoadMeter(model)
        let texts = try write([sound], request, budget: budget, begin: begin) {
            try meter.add($0)
            try see($0)
        }[0]
        let prompt = try configuration.prompt(configuration.withTask(request)).count
        let counts = texts.map { prompt + $0.tokens.count }
        let load = meter.modules.isEmpty ? nil : meter.load
        return Hearing(
            transcript: try transcript(texts, sampleCount: sound.size(0), load: load),
            tokens: texts.map(\.tokens), promptCount: prompt, meter: meter, tokenCount: counts.reduce(0, +),
            macs: try counts.reduce(0) { try $0 + ModelCost(model, tokenCount: $1).total(load: load ?? 1) })
    }

    /// A sound, the load of each of its frames, over all blocks and in each, and its words with their times.
    ///
    /// - Returns: no frames for a dense model; no words for a sound longer than the window.
    func watch(
        _ sound: Tensor, _ request: WhisperRequest, budget: Double
    ) throws -> (
        hearing: Hearing, frameLoads: [Double], blockLoads: [BlockLoads], words: [SampleExample.Word]
    ) {
        let spoken = SpokenWords(network.sizes, heads: alignmentHeads)
        var windows: [TokenLoads] = []
        let hearing = try hear(sound, request, budget: budget) { pass in
            pass.observe = { _, place, _, output in try spoken.observe(place, output) }
        } see: { pass in
            guard let choices = pass.trace.first(where: { $0.place.stack == .encoder })?.choices else {
                return
            }
            let frames = (0..<(try choices.size(1))).map(String.init)
            windows = try TokenLoads.read(
                pass, model, tokens: Array(repeating: frames, count: choices.size(0)))
        }
        let window = network.sizes.frameCount / 2  // of the encoder
        let share = try Double(sound.size(0)) / Double(spectrogram.chunkWidth)
        let frameCount = max(1, Int((share * Double(window)).rounded(.up)))
        let words =
            hearing.tokens.count == 1
            ? try spoken.words(
                of: hearing.tokens[0], promptCount: hearing.promptCount, frameCount: frameCount, tokenizer)
            : []
        func frames(_ loads: (TokenLoads) -> [Double]) -> [Double] {
            Array(windows.flatMap(loads).prefix(frameCount))
        }
        let blocks = (windows.first?.blocks ?? []).enumerated().map { place, block in
            BlockLoads(block: block.block, loads: frames { $0.blocks[place].loads })
        }
        return (hearing, frames(\.loads), blocks, words)
    }

    /// For each sound the texts of its windows, or one where timestamps say how to go on.
    private func write(
        _ sounds: [Tensor], _ request: WhisperRequest, languages: [String?]? = nil, budget: Double,
        begin: @escaping (AdaptivePass) -> Void = { _ in }, see: @escaping (AdaptivePass) throws -> Void
    ) throws -> [[WhisperGenerator.Text]] {
        let generator = try WhisperGenerator(network, configuration) { body in
            let pass = AdaptivePass(budget: budget)
            begin(pass)
            let result = try body(pass)
            // Of single tokens that follow it is not asked, for speed.
            if try result.size(1) > 1 { try result.requireFinite("hidden state") }
            try see(pass)
            return result
        }
        let request = configuration.withTask(request)
        return try withoutGradients {
            let parts = try sounds.map { try windows($0, request) }  // of each sound
            let spoken = languages.map {
                zip($0, parts).flatMap { language, parts in parts.map { _ in language } }
            }
            var texts = try generator.generate(parts.flatMap { $0 }, request, languages: spoken)[...]
            return parts.map { parts in
                defer { texts = texts.dropFirst(parts.count) }
                return Array(texts.prefix(parts.count))
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
