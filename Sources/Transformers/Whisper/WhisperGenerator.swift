import Torch

/// Writes the texts of spectrograms, token by token, always the likeliest.
///
/// - Source: Radford et al. 2022, section 2.3 and 3.8; `generate` of transformers with `num_beams` 1 and
///   no temperature.
public struct WhisperGenerator {
    /// The text of one spectrogram.
    public struct Text: Sendable, Equatable {
        public var segments: [WhisperSegment]
        /// The token of the language; nil for a model that has none.
        public let language: Int?

        /// All tokens in order.
        public var tokens: [Int] { segments.flatMap(\.tokens) }
    }

    /// Makes a pass for a run of the encoder or of the decoder, and sees it afterwards.
    public typealias Run = (_ body: (ForwardPass) throws -> Tensor) throws -> Tensor

    public let model: WhisperModel
    public let configuration: WhisperGenerationConfiguration
    private let run: Run

    /// - Throws: ``ModelError/missingOutput(_:found:)`` for a model without logits.
    public init(
        _ model: WhisperModel, _ configuration: WhisperGenerationConfiguration,
        run: @escaping Run = { try $0(ForwardPass()) }
    ) throws {
        guard model.givesLogits else {
            throw ModelError.missingOutput("logits", found: ["last_hidden_state"])
        }
        self.model = model
        self.configuration = configuration
        self.run = run
    }

    /// The texts of spectrograms of any lengths, window by window: the next window begins where the
    /// text of the one before ends, by its timestamps, or else after it.
    ///
    /// - Parameters:
    ///   - spectrograms: each `[mels, frames]` on the model's device.
    ///   - request: language, task, and whether the text has timestamps.
    ///   - languages: of each spectrogram by its code, in place of the request's where it is not nil; nil where
    ///     all are asked for alike.
    /// - Throws: ``ModelError`` for another number of mel bands, or a request that the model does not know.
    public func generate(
        _ spectrograms: [Tensor], _ request: WhisperRequest, languages: [String?]? = nil
    ) throws -> [Text] {
        let requested = try spectrograms.indices.map { index in
            try WhisperPrompt(configuration, configuration.request(request, in: languages?[index]))
        }
        let frameCounts = try spectrograms.map { try $0.size(-1) }
        var done = Array(repeating: 0, count: spectrograms.count)
        var prompts: [[Int]] = []
        var texts: [Text] = []
        while true {
            let active = spectrograms.indices.filter { done[$0] < frameCounts[$0] }
            if active.isEmpty { return texts }
            let windows = try active.map { try window(spectrograms[$0], from: done[$0]) }
            let states = try run { try model.encode(.stacked(windows), $0) }
            if texts.isEmpty {
                let detects = requested.contains(where: \.detectsLanguage)
                let detected = detects ? try detectLanguages(states) : []
                prompts = requested.enumerated().map { index, prompt in
                    prompt.tokens(language: prompt.detectsLanguage ? detected[index] : nil)
                }
                guard Set(prompts.map(\.count)).count <= 1 else {
                    throw ModelError.invalidInput(
                        "Sounds whose language is told and others cannot be heard together by this model.")
                }
                texts = prompts.map { Text(segments: [], language: language(of: $0)) }
            }
            let found = try decode(states, prompts: active.map { prompts[$0] }, request)
            for (index, tokens) in zip(active, found) {
                let (segments, frames) = WhisperSegment.split(
                    tokens, offset: done[index],
                    frameCount: min(frameCounts[index] - done[index], model.sizes.frameCount),
                    firstTimestamp: configuration.firstTimestampToken ?? .max)
                texts[index].segments += segments
                done[index] += frames
            }
        }
    }

    /// A window of a spectrogram, with zeros after its end.
    private func window(_ spectrogram: Tensor, from start: Int) throws -> Tensor {
        let end = min(try spectrogram.size(-1), start + model.sizes.frameCount)
        let missing = model.sizes.frameCount - (end - start)
        let window = try spectrogram.slice(start..<end, axis: -1)
        return missing > 0 ? try window.paddedLast(before: 0, after: missing) : window
    }

    private func language(of prompt: [Int]) -> Int? {
        prompt.first { configuration.languages?.values.contains($0) == true }
    }

    /// The likeliest language of each sample: the first token after the start, among languages.
    private func detectLanguages(_ encoderStates: Tensor) throws -> [Int] {
        let count = try encoderStates.size(0)
        let start = try Tensor.full(
            [count, 1], Double(configuration.startToken), .int64, device: encoderStates.device)
        let states = try run { try model.decode(start, encoderStates: encoderStates, $0) }
        let languages = (configuration.languages ?? [:]).values.sorted()
        let known = try Tensor(languages).to(encoderStates.device)
        let scores = try model.logits(states.select(-1, axis: 1)).entries(known, axis: -1)
        return try scores.to(nil, .float32).argMax(axis: -1).array(of: Int.self).map { languages[$0] }
    }

    /// The tokens after each sample's prompt, up to the end, which is left out.
    private func decode(
        _ encoderStates: Tensor, prompts: [[Int]], _ request: WhisperRequest
    ) throws -> [[Int]] {
        let device = encoderStates.device
        let rules = try WhisperTokenRules(
            configuration, vocabularySize: model.sizes.vocabularySize, hasTimestamps: request.hasTimestamps,
            device: device)
        let promptCount = prompts.first?.count ?? 0
        let positions = model.sizes.decoderTokenLimit
        let limit = min(configuration.tokenLimit + min(positions / 2 - 1, promptCount), positions)
        guard promptCount < limit else {
            throw ModelError.invalidInput(
                "The prompt has \(promptCount) tokens, which leaves no room among \(limit).")
        }
        var texts = prompts.map { _ in [Int]() }
        var active = Array(prompts.indices)
        let memory = DecoderMemory()
        var next = try Tensor(prompts.flatMap { $0 }, shape: [prompts.count, promptCount]).to(device)
        while true {
            let ids = next
            let states = try run {
                try model.decode(ids, encoderStates: encoderStates, memory: memory, $0)
            }
            let scores = try model.logits(states.select(-1, axis: 1)).to(nil, .float32)
            let best = try rules.apply(scores, texts: active.map { texts[$0] }).argMax(axis: -1)
                .array(of: Int.self)
            var kept: [Int] = []  // rows of this batch
            for (row, token) in best.enumerated() where !configuration.endTokens.contains(token) {
                texts[active[row]].append(token)
                if promptCount + texts[active[row]].count < limit { kept.append(row) }
            }
            if kept.isEmpty { return texts }
            if kept.count < active.count { try memory.keep(rows: Tensor(kept).to(device)) }
            active = kept.map { active[$0] }
            next = try Tensor(kept.map { best[$0] }, shape: [kept.count, 1]).to(device)
        }
    }
}
