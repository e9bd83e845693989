import Torch

/// What a Whisper model is asked for.
public struct WhisperRequest: Sendable, Equatable {
    /// A language by its code, such as `en` or `pt-BR`, of which the region may not matter to the model; nil for
    /// the configuration's, or else the one detected.
    public var language: String?
    /// `transcribe` or `translate`; nil for the configuration's, or else transcription.
    public var task: String?
    /// Whether the text has timestamps.
    public var hasTimestamps: Bool

    public init(language: String? = nil, task: String? = nil, hasTimestamps: Bool = false) {
        self.language = language
        self.task = task
        self.hasTimestamps = hasTimestamps
    }
}

/// The tokens that a text begins with: start, language, task, `<|notimestamps|>`.
struct WhisperPrompt {
    /// nil stands for the language to be detected.
    private var tokens: [Int?]

    /// Whether the language is to be detected.
    let detectsLanguage: Bool

    /// - Throws: ``ModelError/unsupported(file:what:found:supported:)`` for a language or a task that the
    ///   model does not know, or timestamps of which it has none.
    init(_ configuration: WhisperGenerationConfiguration, _ request: WhisperRequest) throws {
        let language = request.language ?? configuration.defaultLanguage
        let task = request.task ?? configuration.defaultTask
        tokens = [configuration.startToken]
        if language == nil, task == nil { tokens += configuration.forcedTokens }
        let lacksLanguage = tokens.count == 1 || tokens[1] == nil
        detectsLanguage = language == nil && lacksLanguage && configuration.languages != nil
        if let language {
            let known = configuration.isMultilingual ? configuration.languages ?? [:] : [:]
            let code = WhisperGenerationConfiguration.code(language.lowercased())
            // Models know languages; a locale names a region, too.
            let isLocale = known[code] == nil && known[Self.language(ofLocale: code)] != nil
            set(
                language: try Self.find(
                    isLocale ? Self.language(ofLocale: code) : code, "language", in: known))
        } else if detectsLanguage {
            if tokens.count == 1 { tokens.append(nil) }
        }
        let tasks = configuration.isMultilingual ? configuration.tasks ?? [:] : [:]
        if let task {
            tokens.append(try Self.find(task, "task", in: tasks))
        } else if language != nil, !tasks.values.contains(where: { tokens.contains($0) }) {
            if let transcription = tasks["transcribe"] { tokens.append(transcription) }
        }
        let mark = configuration.noTimestampsToken
        if request.hasTimestamps {
            guard let mark else {
                throw ModelError.unsupported(
                    file: "generation_config.json", what: "timestamps", found: "true",
                    supported: ["false: there is no no_timestamps_token_id"])
            }
            if tokens.last == mark { tokens.removeLast() }
        } else if let mark, tokens.last != mark {
            tokens.append(mark)
        }
    }

    private static func find(_ name: String, _ what: String, in known: [String: Int]) throws -> Int {
        guard let token = known[name] else {
            let supported = known.isEmpty ? ["none: the model has one alone"] : known.keys.sorted()
            throw ModelError.unsupported(
                file: "generation_config.json", what: what, found: name, supported: supported)
        }
        return token
    }

    /// `zh` of `zh-cn`.
    private static func language(ofLocale code: String) -> String {
        String(code.prefix { $0 != "-" && $0 != "_" })
    }

    private mutating func set(language: Int) {
        if tokens.count > 1 { tokens[1] = language } else { tokens.append(language) }
    }

    /// The prompt with the language that was detected.
    func tokens(language: Int?) -> [Int] {
        var copy = self
        if let language { copy.set(language: language) }
        return copy.tokens.compactMap { $0 }
    }
}
