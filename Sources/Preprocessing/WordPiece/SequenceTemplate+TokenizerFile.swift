import Torch

/// The `post_processor` of a `tokenizer.json`.
extension SequenceTemplate {
    /// - Parameter pieces: where the special tokens are looked up; their ids must agree.
    init(_ processor: JSONCursor, _ pieces: PieceTable) throws {
        let type = try processor.required("type")
        switch try type.string() {
        case "BertProcessing":
            self = .bert(
                classification: try pieces.index(ofPair: processor.required("cls")),
                separator: try pieces.index(ofPair: processor.required("sep")))
        case "TemplateProcessing":
            var specials: [ExactString: [Int32]] = [:]
            for (name, entry) in try processor.required("special_tokens").members() {
                specials[ExactString(name)] = try pieces.indices(ofSpecial: entry)
            }
            single = try Self.parts(processor.required("single"), specials, isPair: false)
            pair = try Self.parts(processor.required("pair"), specials, isPair: true)
        case let other:
            throw type.unsupported(expected: "TemplateProcessing or BertProcessing", found: other)
        }
    }

    /// `[{"SpecialToken": {"id": "[CLS]", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}, …]`
    private static func parts(
        _ cursor: JSONCursor, _ specials: [ExactString: [Int32]], isPair: Bool
    ) throws -> [Part] {
        try cursor.elements().flatMap { element -> [Part] in
            let special = try element.optional("SpecialToken")
            let entry = try special ?? element.required("Sequence")
            let id = try entry.required("id")
            let name = try id.string()
            let type = try entry.required("type_id").integer(in: JSONCursor.idRange)
            if special != nil {
                guard let pieces = specials[ExactString(name)] else {
                    throw id.mismatch("one of the special tokens", found: "\"\(name)\"")
                }
                return pieces.map { .special(piece: $0, type: type) }
            }
            switch name {
            case "A": return [.text(type: type)]
            case "B" where isPair: return [.pair(type: type)]
            default: throw id.mismatch(isPair ? "A or B" : "A", found: "\"\(name)\"")
            }
        }
    }
}

extension PieceTable {
    /// `["[SEP]", 102]`
    fileprivate func index(ofPair cursor: JSONCursor) throws -> Int32 {
        let elements = try cursor.elements()
        guard elements.count == 2 else {
            throw cursor.mismatch("a token and its id", found: "\(elements.count) elements")
        }
        return try index(of: elements[0], id: elements[1])
    }

    /// `{"id": "[SEP]", "ids": [102], "tokens": ["[SEP]"]}`
    fileprivate func indices(ofSpecial cursor: JSONCursor) throws -> [Int32] {
        let ids = try cursor.required("ids").elements()
        let tokens = try cursor.required("tokens").elements()
        guard ids.count == tokens.count else {
            throw cursor.mismatch("as many ids as tokens", found: "\(ids.count) and \(tokens.count)")
        }
        return try zip(tokens, ids).map { try index(of: $0, id: $1) }
    }

    private func index(of token: JSONCursor, id: JSONCursor) throws -> Int32 {
        let text = try token.string()
        let number = try id.integer(in: JSONCursor.idRange)
        guard let index = index(of: text) else {
            throw token.mismatch("a token of the vocabulary", found: "\"\(text)\"")
        }
        guard self[index].id == number else {
            throw id.mismatch("\(self[index].id), the id of \"\(text)\"", found: "\(number)")
        }
        return index
    }
}
