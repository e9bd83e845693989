import Foundation
import Torch

/// The tokens of a `Wav2Vec2CTCTokenizer` and what stands for what among them, read from `vocab.json`,
/// `added_tokens.json`, `tokenizer_config.json` and `special_tokens_map.json`.
struct CTCVocabulary {
    static let operation = "Reading the vocabulary"

    /// By token; those of `vocab.json` and those added to it.
    private(set) var ids: [ExactString: Int] = [:]
    /// By id.
    private(set) var tokens: [Int: String] = [:]
    /// Tokens that are matched whole in a text, with their flags.
    private(set) var matched: [ExactString: AddedToken] = [:]
    /// One more than the largest id of `vocab.json`.
    private(set) var classCount = 0
    private(set) var settings: CTCSettingsFile
    let file: URL

    /// - Throws: ``PreprocessingError`` if files are missing, malformed or contradict themselves.
    init(folder: URL) throws {
        settings = try CTCSettingsFile(folder: folder)
        file = folder.appendingPathComponent("vocab.json")
        guard FileManager.default.fileExists(atPath: file.path) else {
            throw PreprocessingError.missingFile(
                operation: Self.operation, expected: "vocab.json", path: folder.path)
        }
        var root = try JSONCursor(file: file, operation: Self.operation)
        if let language = settings.language { root = try root.required(language) }
        for (token, id) in try root.members() {
            guard id.node.objectValue == nil else {
                throw root.unsupportedNesting
            }
            try add(token, id: id.integer(in: JSONCursor.idRange), root)
        }
        guard !ids.isEmpty else { throw root.mismatch("at least one token", found: "none") }
        classCount = (ids.values.max() ?? 0) + 1
        let vocabulary = ids.keys.map(\.text)

        for (token, id) in settings.listed {
            try add(token.text, id: id, root)
            matched[ExactString(token.text)] = token
        }
        // Those that no file lists come behind all others.
        for token in settings.special where matched[ExactString(token)] == nil {
            if ids[ExactString(token)] == nil { try add(token, id: ids.count, root) }
            matched[ExactString(token)] = AddedToken(text: token)
        }
        for token in vocabulary where token.unicodeScalars.count > 1 {
            matched[ExactString(token)] = AddedToken(text: token, stripsLeft: true, stripsRight: true)
        }
    }

    func id(of token: String) -> Int? { ids[ExactString(token)] }

    private mutating func add(_ token: String, id: Int, _ root: JSONCursor) throws {
        if let other = ids[ExactString(token)], other != id {
            throw root.invalid(expected: "one id for the token \"\(token)\"", found: "\(other) and \(id)")
        }
        if let other = tokens[id], ExactString(other) != ExactString(token) {
            throw root.invalid(
                expected: "one token for the id \(id)", found: "\"\(other)\" and \"\(token)\"")
        }
        ids[ExactString(token)] = id
        tokens[id] = token
    }
}

extension JSONCursor {
    fileprivate var unsupportedNesting: PreprocessingError {
        invalid(
            expected:
                "ids of tokens, or a \"target_lang\" in tokenizer_config.json that names one of the languages",
            found: "vocabularies of several languages")
    }
}
