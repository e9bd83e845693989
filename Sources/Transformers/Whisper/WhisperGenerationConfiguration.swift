import Foundation
import Torch

/// How a Whisper model is asked for a text, read from `generation_config.json`.
public struct WhisperGenerationConfiguration: Sendable, Equatable {
    /// The token that a text begins with.
    public let startToken: Int
    /// Tokens that end a text.
    public let endTokens: [Int]
    /// The most tokens of a text.
    public let tokenLimit: Int
    /// Tokens that are never given.
    public let suppressedTokens: [Int]
    /// Tokens that are not given first.
    public let tokensSuppressedFirst: [Int]
    /// Tokens after the first by their place, where neither language nor task is chosen; nil stands for
    /// the language to be detected.
    public let forcedTokens: [Int?]
    /// Tokens of languages by their code, such as `en`; nil for a model of one language.
    public let languages: [String: Int]?
    /// Tokens of tasks; nil for a model of one task.
    public let tasks: [String: Int]?
    public let isMultilingual: Bool
    /// The token that asks for a text without timestamps; those of timestamps follow it.
    public let noTimestampsToken: Int?
    /// The latest first timestamp, in steps of ``WhisperSegment/timestampStep``.
    public let latestFirstTimestamp: Int?
    /// The language and the task where none is asked for.
    public let defaultLanguage: String?
    public let defaultTask: String?

    /// The first token that is a timestamp.
    public var firstTimestampToken: Int? { noTimestampsToken.map { $0 + 1 } }

    /// Reads `generation_config.json`, or where a folder has none the same keys of `config.json`.
    ///
    /// - Throws: `JSONError` for missing or wrong entries, tokens that the vocabulary does not have
    ///   among them; `FileError`.
    public init(folder: URL, sizes: WhisperConfiguration) throws {
        let own = folder.appendingPathComponent("generation_config.json")
        let hasOwn = FileManager.default.fileExists(atPath: own.path)
        try self.init(
            JSONObjectReader(contentsOf: hasOwn ? own : folder.appendingPathComponent("config.json")),
            sizes: sizes)
    }

    /// - Throws: `JSONError`.
    public init(_ reader: JSONObjectReader, sizes: WhisperConfiguration) throws {
        let tokens = 0...sizes.vocabularySize - 1
        startToken = try reader.integer("decoder_start_token_id", in: tokens)
        endTokens =
            try reader.object["eos_token_id"]?.arrayValue == nil
            ? [reader.integer("eos_token_id", in: tokens)] : reader.integers("eos_token_id", in: tokens)
        guard !endTokens.isEmpty else {
            throw reader.invalid("eos_token_id", expected: "a token or an array of at least one")
        }
        tokenLimit =
            try reader.optionalInteger("max_length", in: 1...100_000_000) ?? sizes.decoderTokenLimit
        suppressedTokens = try reader.optionalIntegers("suppress_tokens", in: tokens) ?? []
        tokensSuppressedFirst = try reader.optionalIntegers("begin_suppress_tokens", in: tokens) ?? []
        forcedTokens = try Self.forcedTokens(reader, tokens)
        let languages = try Self.table(reader, "lang_to_id", tokens)
        self.languages = languages.map { table in
            Dictionary(table.map { (Self.code($0.key), $0.value) }, uniquingKeysWith: { first, _ in first })
        }
        tasks = try Self.table(reader, "task_to_id", tokens)
        isMultilingual = try reader.optionalBool("is_multilingual") ?? (languages != nil)
        noTimestampsToken = try reader.optionalInteger("no_timestamps_token_id", in: tokens)
        latestFirstTimestamp = try reader.optionalInteger("max_initial_timestamp_index", in: 0...1_000_000)
        defaultLanguage = try reader.optionalString("language")
        defaultTask = try reader.optionalString("task")
    }

    /// `en` for `<|en|>`.
    static func code(_ token: String) -> String {
        token.hasPrefix("<|") && token.hasSuffix("|>") ? String(token.dropFirst(2).dropLast(2)) : token
    }

    private static func table(
        _ reader: JSONObjectReader, _ key: String, _ tokens: ClosedRange<Int>
    ) throws -> [String: Int]? {
        try reader.optionalObject(key).map { table in
            try Dictionary(
                table.object.keys.map { ($0, try table.integer($0, in: tokens)) },
                uniquingKeysWith: { first, _ in first })
        }
    }

    /// Pairs of a place, counted from 1 without gaps, and a token or null.
    private static func forcedTokens(
        _ reader: JSONObjectReader, _ tokens: ClosedRange<Int>
    ) throws -> [Int?] {
        guard let found = reader.object["forced_decoder_ids"], !found.isNull else { return [] }
        let expected = "an array of pairs of a place, from 1 on, and a token or null"
        guard let pairs = found.arrayValue else {
            throw reader.invalid("forced_decoder_ids", expected: expected)
        }
        return try pairs.enumerated().map { index, pair in
            let token = pair[1]?.integerValue
            guard pair.arrayValue?.count == 2, pair[0]?.integerValue == index + 1,
                pair[1]?.isNull == true || token.map(tokens.contains) == true
            else { throw reader.invalid("forced_decoder_ids", expected: expected) }
            return token
        }
    }

    /// The tokens that a text begins with; where the language would have to be detected, without it.
    ///
    /// - Throws: ``ModelError`` for a language or task that the model does not know.
    public func prompt(_ request: WhisperRequest) throws -> [Int] {
        try WhisperPrompt(self, request).tokens(language: nil)
    }

    /// The request with the task of transcription where neither it nor the configuration says a task.
    ///
    /// transformers asks for none then where the language is detected, and models, which were trained with a
    /// task each time, repeat themselves.
    public func withTask(_ request: WhisperRequest) -> WhisperRequest {
        let isOpen = request.language == nil && request.task == nil && forcedTokens.isEmpty
        guard isOpen, isMultilingual, defaultTask == nil, tasks?["transcribe"] != nil else { return request }
        var request = request
        request.task = "transcribe"
        return request
    }

    /// The request for a sound whose language is known, by its code; a model of one language is asked as ever.
    public func request(_ request: WhisperRequest, in language: String?) -> WhisperRequest {
        guard let language, isMultilingual else { return request }
        var request = request
        request.language = language
        return request
    }

    /// - Throws: ``ModelError/invalidInput(_:)`` where the language would have to be detected.
    public func requireLanguage(_ request: WhisperRequest) throws {
        guard try !WhisperPrompt(self, request).detectsLanguage else {
            throw ModelError.invalidInput(
                "The model knows several languages: say which one the texts are in, for example en, in a column "
                    + "locale of their table or for all of them.")
        }
    }
}
