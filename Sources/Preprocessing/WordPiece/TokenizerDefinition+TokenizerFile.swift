import Foundation

/// `tokenizer.json`. Its truncation and padding settings are for the caller to decide, and not read.
extension TokenizerDefinition {
    init(tokenizerFile file: URL, settings: TokenizerSettings?) throws {
        let root = try JSONCursor(file: file, operation: Self.operation)
        try readModel(root.required("model"))
        var added: Set<Int32> = []
        for entry in try root.optional("added_tokens")?.elements() ?? [] {
            let token = try AddedToken(entry)
            let id = try entry.required("id").integer(in: JSONCursor.idRange)
            let piece = try addPiece(token.text, id: id, invalid: root.invalid)
            guard added.insert(piece).inserted else {
                throw entry.mismatch("every added token once", found: "\"\(token.text)\" twice")
            }
            addedTokens.append((token, piece))
        }
        normalizer = try root.optional("normalizer").map(Self.normalizer)
        try root.required("pre_tokenizer").required("type").expect("BertPreTokenizer")
        if let processor = try root.optional("post_processor") {
            template = try SequenceTemplate(processor, pieces)
        }
        if let settings {
            paddingToken = settings.paddingToken.text
        } else if let token = try root.optional("padding")?.optional("pad_token") {
            paddingToken = try token.string()
        }
        for (role, token) in [("unknown", unknownToken), ("padding", paddingToken)]
        where pieces.index(of: token) == nil {
            throw root.invalid(expected: "the \(role) token \"\(token)\" in the vocabulary", found: "none")
        }
    }

    private mutating func readModel(_ model: JSONCursor) throws {
        // Files of 2020 do not name the type; only WordPiece has a limit on the length of words.
        if let type = try model.optional("type") {
            try type.expect("WordPiece")
        } else if try model.optional("max_input_chars_per_word") == nil {
            throw model.unsupported(expected: "a WordPiece model", found: "a model without a type")
        }
        unknownToken = try model.required("unk_token").string()
        continuingPrefix = try model.required("continuing_subword_prefix").string()
        maximumWordLength = try model.required("max_input_chars_per_word").integer(in: 0...Int.max)
        let vocabulary = try model.required("vocab")
        let entries = try vocabulary.members().map { text, id in
            (text: text, id: try id.integer(in: JSONCursor.idRange))
        }
        for entry in entries.sorted(by: { $0.id < $1.id }) {
            guard !entry.text.isEmpty else { throw vocabulary.mismatch("pieces", found: "an empty one") }
            _ = try addPiece(entry.text, id: entry.id, invalid: vocabulary.invalid)
        }
        guard !entries.isEmpty else { throw vocabulary.mismatch("at least one piece", found: "none") }
        vocabularyCount = entries.count
    }

    private static func normalizer(_ cursor: JSONCursor) throws -> BertNormalizer {
        try cursor.required("type").expect("BertNormalizer")
        let lowercases = try cursor.required("lowercase").boolean()
        return BertNormalizer(
            cleansText: try cursor.required("clean_text").boolean(),
            separatesChinese: try cursor.required("handle_chinese_chars").boolean(),
            stripsAccents: try cursor.optional("strip_accents")?.boolean() ?? lowercases,
            lowercases: lowercases)
    }
}
