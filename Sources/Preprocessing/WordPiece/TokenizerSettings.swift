import Foundation
import Torch

/// `tokenizer_config.json`, as far as it bears on WordPiece.
struct TokenizerSettings {
    let splitsWords: Bool
    let lowercases: Bool
    let separatesChinese: Bool
    let stripsAccents: Bool?  // nil: as `lowercases`
    let unknownToken: AddedToken
    let classificationToken: AddedToken
    let separatorToken: AddedToken
    let paddingToken: AddedToken
    let maskToken: AddedToken
    let additionalTokens: [AddedToken]
    /// Tokens that the file lists with their ids, in the order of those.
    let listedTokens: [(token: AddedToken, id: Int)]

    init(file: URL) throws {
        let root = try JSONCursor(file: file, operation: TokenizerDefinition.operation)
        splitsWords = try root.optional("do_basic_tokenize")?.boolean() ?? true
        lowercases = try root.optional("do_lower_case")?.boolean() ?? true
        separatesChinese = try root.optional("tokenize_chinese_chars")?.boolean() ?? true
        stripsAccents = try root.optional("strip_accents")?.boolean()

        var listed: [ExactString: AddedToken] = [:]
        var ids: [ExactString: Int] = [:]
        for (key, entry) in try root.optional("added_tokens_decoder")?.members() ?? [] {
            guard let id = Int(key), id >= 0 else {
                throw entry.mismatch("an id as the key", found: "\"\(key)\"")
            }
            let token = try AddedToken(entry)
            guard ids.updateValue(id, forKey: ExactString(token.text)) == nil else {
                throw entry.mismatch("every token once", found: "\"\(token.text)\" twice")
            }
            listed[ExactString(token.text)] = token
        }
        listedTokens = ids.compactMap { text, id in listed[text].map { ($0, id) } }.sorted { $0.id < $1.id }

        /// A string, or an object with `content`; flags of a listed token win.
        func token(_ cursor: JSONCursor) throws -> AddedToken {
            var token: AddedToken
            if case .string(let text) = cursor.node {
                token = AddedToken(text: text)
            } else {
                token = try AddedToken(cursor)
                token.isNormalized = false  // special tokens are matched in the raw text
            }
            return listed[ExactString(token.text)] ?? token
        }
        func token(_ key: String, default text: String) throws -> AddedToken {
            if let cursor = try root.optional(key) { return try token(cursor) }
            return listed[ExactString(text)] ?? AddedToken(text: text)
        }
        unknownToken = try token("unk_token", default: "[UNK]")
        classificationToken = try token("cls_token", default: "[CLS]")
        separatorToken = try token("sep_token", default: "[SEP]")
        paddingToken = try token("pad_token", default: "[PAD]")
        maskToken = try token("mask_token", default: "[MASK]")
        additionalTokens = try root.optional("additional_special_tokens")?.elements().map(token) ?? []
    }
}

extension AddedToken {
    /// An object with `content` and flags, as both kinds of tokenizer file write it.
    init(_ cursor: JSONCursor) throws {
        let content = try cursor.required("content")
        text = try content.string()
        guard !text.isEmpty else { throw content.mismatch("a token", found: "an empty string") }
        isSingleWord = try cursor.optional("single_word")?.boolean() ?? false
        stripsLeft = try cursor.optional("lstrip")?.boolean() ?? false
        stripsRight = try cursor.optional("rstrip")?.boolean() ?? false
        let isSpecial = try cursor.optional("special")?.boolean() ?? false
        isNormalized = try cursor.optional("normalized")?.boolean() ?? !isSpecial
    }
}
