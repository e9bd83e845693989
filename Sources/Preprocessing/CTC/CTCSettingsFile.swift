import Foundation
import Torch

/// `tokenizer_config.json` and `special_tokens_map.json`, as far as they bear on a
/// `Wav2Vec2CTCTokenizer`; the second is asked where the first is silent.
struct CTCSettingsFile {
    let unknownToken: String
    let paddingToken: String
    let wordDelimiter: String
    /// What a decoded text has in place of the word delimiter.
    let replacement: String
    /// Whether texts are upper-cased before they are encoded, and lower-cased when they are decoded.
    let lowercases: Bool
    /// Whether decoded texts lose the spaces before punctuation and contractions.
    let cleansSpaces: Bool
    /// The language whose vocabulary is taken; nil where there is but one.
    let language: String?
    /// All tokens that stand for something: begin, end, unknown, padding, word delimiter, others.
    let special: [String]
    /// Tokens that the files list with their ids, in the order of those.
    let listed: [(token: AddedToken, id: Int)]

    init(folder: URL) throws {
        func cursor(_ name: String) throws -> JSONCursor? {
            let file = folder.appendingPathComponent(name)
            guard FileManager.default.fileExists(atPath: file.path) else { return nil }
            return try JSONCursor(file: file, operation: CTCVocabulary.operation)
        }
        let settings = try cursor("tokenizer_config.json")
        let map = try cursor("special_tokens_map.json")
        if let kind = try settings?.optional("tokenizer_class") {
            let known = ["Wav2Vec2CTCTokenizer", "Wav2Vec2Tokenizer"]
            let found = try kind.string()
            guard known.contains(found) else {
                throw kind.unsupported(expected: known.joined(separator: " or "), found: found)
            }
        }
        func token(_ key: String, default text: String) throws -> String {
            guard let found = try settings?.optional(key) ?? map?.optional(key) else { return text }
            return try Self.text(found)
        }
        unknownToken = try token("unk_token", default: "<unk>")
        paddingToken = try token("pad_token", default: "<pad>")
        wordDelimiter = try token("word_delimiter_token", default: "|")
        replacement = try settings?.optional("replace_word_delimiter_char")?.string() ?? " "
        lowercases = try settings?.optional("do_lower_case")?.boolean() ?? false
        cleansSpaces = try settings?.optional("clean_up_tokenization_spaces")?.boolean() ?? false
        language = try settings?.optional("target_lang")?.string()
        let others =
            try settings?.optional("additional_special_tokens")
            ?? map?.optional("additional_special_tokens")
        special =
            try [
                token("bos_token", default: "<s>"), token("eos_token", default: "</s>"), unknownToken,
                paddingToken, wordDelimiter,
            ] + (others?.elements().map(Self.text) ?? [])

        var listed: [Int: AddedToken] = [:]
        for (text, id) in try cursor("added_tokens.json")?.members() ?? [] {
            let id = try id.integer(in: JSONCursor.idRange)
            listed[id] = AddedToken(text: text)
        }
        for (key, entry) in try settings?.optional("added_tokens_decoder")?.members() ?? [] {
            guard let id = Int(key), JSONCursor.idRange.contains(id) else {
                throw entry.mismatch("an id as the key", found: "\"\(key)\"")
            }
            listed[id] = try AddedToken(entry)
        }
        self.listed = listed.sorted { $0.key < $1.key }.map { ($0.value, $0.key) }
    }

    /// A string, or an object with `content`.
    private static func text(_ cursor: JSONCursor) throws -> String {
        if case .string(let text) = cursor.node { return text }
        return try AddedToken(cursor).text
    }
}
