import Foundation

/// `tokenizer.json`. Its truncation and padding settings are for the caller to decide, and not read.
extension TokenizerDefinition {
    static let idRange = 0...Int(Int32.max)

    init(tokenizerFile file: URL, settings: TokenizerSettings?) throws {
        let root = try JSONCursor(file: file, operation: Self.operation)
        try readModel(root.required("model"))
        for entry in try root.optional("added_tokens")?.elements() ?? [] {
            let token = try AddedToken(entry)
            let id = try entry.required("id").integer(in: Self.idRange)
            let piece = try addPiece(token.text, id: id, invalid: root.invalid)
            guard !addedTokens.contains(where: { $0.piece == piece }) else {
                throw entry.mismatch("every added token once", found: "\"\(token.text)\" twice")
            }
            addedTokens.append((token, piece))
        }
        normalizer = try root.optional("normalizer").map(Self.normalizer)
        try Self.checkPreTokenizer(root.required("pre_tokenizer"))
        if let processor = try root.optional("post_processor") { template = try readTemplate(processor) }
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
            try Self.expect("WordPiece", type)
        } else if try model.optional("max_input_chars_per_word") == nil {
            throw model.unsupported(expected: "a WordPiece model", found: "a model without a type")
        }
        unknownToken = try model.required("unk_token").string()
        continuingPrefix = try model.required("continuing_subword_prefix").string()
        maximumWordLength = try model.required("max_input_chars_per_word").integer(in: 0...Int.max)
        let vocabulary = try model.required("vocab")
        let entries = try vocabulary.members().map { text, id in
            (text: text, id: try id.integer(in: Self.idRange))
        }
        for entry in entries.sorted(by: { $0.id < $1.id }) {
            guard !entry.text.isEmpty else { throw vocabulary.mismatch("pieces", found: "an empty one") }
            _ = try addPiece(entry.text, id: entry.id, invalid: vocabulary.invalid)
        }
        guard !entries.isEmpty else { throw vocabulary.mismatch("at least one piece", found: "none") }
        vocabularyCount = entries.count
    }

    private static func normalizer(_ cursor: JSONCursor) throws -> BertNormalizer {
        try expect("BertNormalizer", cursor.required("type"))
        let lowercases = try cursor.required("lowercase").boolean()
        return BertNormalizer(
            cleansText: try cursor.required("clean_text").boolean(),
            separatesChinese: try cursor.required("handle_chinese_chars").boolean(),
            stripsAccents: try cursor.optional("strip_accents")?.boolean() ?? lowercases,
            lowercases: lowercases)
    }

    private static func checkPreTokenizer(_ cursor: JSONCursor) throws {
        try expect("BertPreTokenizer", cursor.required("type"))
    }

    private static func expect(_ component: String, _ type: JSONCursor) throws {
        let found = try type.string()
        guard found == component else { throw type.unsupported(expected: component, found: found) }
    }

    private func readTemplate(_ processor: JSONCursor) throws -> SequenceTemplate {
        let type = try processor.required("type")
        switch try type.string() {
        case "BertProcessing":
            return .bert(
                classification: try piece(ofPair: processor.required("cls")),
                separator: try piece(ofPair: processor.required("sep")))
        case "TemplateProcessing":
            let specials = try specialTokens(processor.required("special_tokens"))
            return SequenceTemplate(
                single: try parts(processor.required("single"), specials, isPair: false),
                pair: try parts(processor.required("pair"), specials, isPair: true))
        case let other:
            throw type.unsupported(expected: "TemplateProcessing or BertProcessing", found: other)
        }
    }

    /// `["[SEP]", 102]`
    private func piece(ofPair cursor: JSONCursor) throws -> Int32 {
        let elements = try cursor.elements()
        guard elements.count == 2 else {
            throw cursor.mismatch("a token and its id", found: "\(elements.count) elements")
        }
        return try piece(elements[0], id: elements[1])
    }

    private func piece(_ token: JSONCursor, id: JSONCursor) throws -> Int32 {
        let (text, number) = (try token.string(), try id.integer(in: Self.idRange))
        guard let piece = pieces.index(of: text) else {
            throw token.mismatch("a token of the vocabulary", found: "\"\(text)\"")
        }
        guard pieces[piece].id == number else {
            throw id.mismatch("\(pieces[piece].id), the id of \"\(text)\"", found: "\(number)")
        }
        return piece
    }

    /// `{"[SEP]": {"id": "[SEP]", "ids": [102], "tokens": ["[SEP]"]}}`
    private func specialTokens(_ cursor: JSONCursor) throws -> [ExactString: [Int32]] {
        var pieces: [ExactString: [Int32]] = [:]
        for (name, entry) in try cursor.members() {
            let (ids, tokens) = (try entry.required("ids").elements(), try entry.required("tokens").elements())
            guard ids.count == tokens.count else {
                throw entry.mismatch("as many ids as tokens", found: "\(ids.count) and \(tokens.count)")
            }
            pieces[ExactString(name)] = try zip(tokens, ids).map { try piece($0, id: $1) }
        }
        return pieces
    }

    /// `[{"SpecialToken": {"id": "[CLS]", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}, …]`
    private func parts(
        _ cursor: JSONCursor, _ specials: [ExactString: [Int32]], isPair: Bool
    ) throws -> [SequenceTemplate.Part] {
        var parts: [SequenceTemplate.Part] = []
        for element in try cursor.elements() {
            if let special = try element.optional("SpecialToken") {
                let (id, type) = (try special.required("id"), try special.required("type_id").integer(in: Self.idRange))
                guard let pieces = specials[ExactString(try id.string())] else {
                    throw id.mismatch("one of the special tokens", found: "\"\(try id.string())\"")
                }
                parts += pieces.map { .special(piece: $0, type: type) }
            } else {
                let sequence = try element.required("Sequence")
                let (id, type) = (try sequence.required("id"), try sequence.required("type_id").integer(in: Self.idRange))
                switch try id.string() {
                case "A": parts.append(.text(type: type))
                case "B" where isPair: parts.append(.pair(type: type))
                case let other: throw id.mismatch(isPair ? "A or B" : "A", found: "\"\(other)\"")
                }
            }
        }
        return parts
    }
}
