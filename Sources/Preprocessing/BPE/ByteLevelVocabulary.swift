import Foundation
import Torch

/// What the files of a byte-level tokenizer say.
struct ByteLevelVocabulary {
    var pieces = PieceTable()
    /// Merges of two tokens into one, by their order.
    var merges: [ExactString: Int] = [:]
    var addedTokens: [(token: AddedToken, isSpecial: Bool, piece: Int32)] = []

    static let operation = "Reading the tokenizer"

    /// The key of a merge.
    static func merge(_ first: some StringProtocol, _ second: some StringProtocol) -> ExactString {
        ExactString("\(first) \(second)")
    }

    /// Reads a Hugging Face folder: `tokenizer.json`, or else `vocab.json` with `merges.txt` and
    /// perhaps `added_tokens.json`.
    static func read(folder: URL) throws -> ByteLevelVocabulary {
        var vocabulary = ByteLevelVocabulary()
        let file = folder.appendingPathComponent("tokenizer.json")
        let pieces = folder.appendingPathComponent("vocab.json")
        if FileManager.default.fileExists(atPath: file.path) {
            try vocabulary.read(tokenizerFile: file)
        } else if FileManager.default.fileExists(atPath: pieces.path) {
            try vocabulary.read(vocabularyFile: pieces, folder: folder)
        } else {
            throw PreprocessingError.missingFile(
                operation: operation, expected: "tokenizer.json, or vocab.json with merges.txt",
                path: folder.path)
        }
        return vocabulary
    }

    private mutating func read(tokenizerFile file: URL) throws {
        let root = try JSONCursor(file: file, operation: Self.operation)
        let model = try root.required("model")
        if let type = try model.optional("type") { try type.expect("BPE") }
        for key in ["continuing_subword_prefix", "end_of_word_suffix"] {
            if let text = try model.optional(key) { try text.expect("") }
        }
        if let normalizer = try root.optional("normalizer") {
            throw normalizer.mismatch("no normalizer")
        }
        let splitter = try root.required("pre_tokenizer")
        try splitter.required("type").expect("ByteLevel")
        guard try splitter.optional("add_prefix_space")?.boolean() != true,
            try splitter.optional("use_regex")?.boolean() != false
        else {
            throw splitter.mismatch("\"add_prefix_space\" false and \"use_regex\" true", found: "others")
        }
        try root.required("decoder").required("type").expect("ByteLevel")
        try add(model.required("vocab"))
        for (rank, entry) in try model.required("merges").elements().enumerated() {
            if case .array = entry.node {
                let parts = try entry.elements().map { try $0.string() }
                guard parts.count == 2 else { throw entry.mismatch("two tokens", found: "\(parts.count)") }
                merges[Self.merge(parts[0], parts[1])] = rank
            } else {
                merges[ExactString(try entry.string())] = rank
            }
        }
        for entry in try root.optional("added_tokens")?.elements() ?? [] {
            let token = try AddedToken(entry)
            let id = try entry.required("id").integer(in: JSONCursor.idRange)
            let isSpecial = try entry.optional("special")?.boolean() ?? false
            addedTokens.append((token, isSpecial, try add(token.text, id, in: entry)))
        }
    }

    private mutating func read(vocabularyFile: URL, folder: URL) throws {
        try add(JSONCursor(file: vocabularyFile, operation: Self.operation))
        let merged = folder.appendingPathComponent("merges.txt")
        let bytes = try readFile(merged)
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw PreprocessingError.invalidContents(
                operation: Self.operation, expected: "UTF-8 text", found: "bytes that are not UTF-8",
                path: merged.path)
        }
        var rank = 0
        for line in text.utf8.split(separator: UInt8(ascii: "\n")) {
            let line = String(Substring(line.last == UInt8(ascii: "\r") ? line.dropLast() : line))
            if line.hasPrefix("#version") { continue }
            merges[ExactString(line)] = rank
            rank += 1
        }
        // All that is beside the vocabulary marks something, as Whisper's timestamps and tasks do.
        let added = folder.appendingPathComponent("added_tokens.json")
        guard FileManager.default.fileExists(atPath: added.path) else { return }
        for (text, id) in try JSONCursor(file: added, operation: Self.operation).members() {
            let piece = try add(text, id.integer(in: JSONCursor.idRange), in: id)
            addedTokens.append((AddedToken(text: text), true, piece))
        }
    }

    private mutating func add(_ vocabulary: JSONCursor) throws {
        for (text, id) in try vocabulary.members() {
            _ = try add(text, id.integer(in: JSONCursor.idRange), in: vocabulary)
        }
        guard !pieces.pieces.isEmpty else { throw vocabulary.mismatch("at least one token", found: "none") }
    }

    private mutating func add(_ text: String, _ id: Int, in cursor: JSONCursor) throws -> Int32 {
        do {
            return try pieces.add(text, id: id)
        } catch .sameText(let other) {
            throw cursor.invalid(expected: "one id for the token \"\(text)\"", found: "\(other) and \(id)")
        } catch .sameID(let other) {
            throw cursor.invalid(
                expected: "one token for the id \(id)", found: "\"\(other)\" and \"\(text)\"")
        }
    }
}
