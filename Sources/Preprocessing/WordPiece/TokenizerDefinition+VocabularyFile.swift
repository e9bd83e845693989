import Foundation

/// `vocab.txt`: one piece a line, its id the line's number from 0.
extension TokenizerDefinition {
    init(vocabularyFile file: URL, settings: TokenizerSettings) throws {
        func invalid(_ expected: String, _ found: String) -> PreprocessingError {
            .invalidContents(operation: Self.operation, expected: expected, found: found, path: file.path)
        }
        let bytes = try readFile(file)
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw invalid("UTF-8 text", "bytes that are not UTF-8")
        }
        var lines = text.utf8.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        if lines.last?.isEmpty == true { lines.removeLast() }  // after the last line feed
        for (number, line) in lines.enumerated() {
            let piece = String(Substring(line.last == UInt8(ascii: "\r") ? line.dropLast() : line))
            guard !piece.isEmpty else {
                throw invalid("a piece on every line", "an empty line \(number + 1)")
            }
            if let first = pieces.index(of: piece) {
                throw invalid("every piece once", "\"\(piece)\" on lines \(first + 1) and \(number + 1)")
            }
            _ = try addPiece(piece, id: number, invalid: invalid)
        }
        guard !pieces.pieces.isEmpty else { throw invalid("a vocabulary", "an empty file") }
        vocabularyCount = pieces.pieces.count

        normalizer = BertNormalizer(
            cleansText: true, separatesChinese: settings.separatesChinese,
            stripsAccents: settings.stripsAccents ?? settings.lowercases, lowercases: settings.lowercases)
        unknownToken = settings.unknownToken.text
        paddingToken = settings.paddingToken.text

        for (token, id) in settings.listedTokens {
            add(token, try addPiece(token.text, id: id, invalid: invalid))
        }
        func required(_ token: AddedToken, _ role: String) throws -> Int32 {
            guard let piece = pieces.index(of: token.text) else {
                throw invalid("the \(role) token \"\(token.text)\"", "no such line")
            }
            add(token, piece)
            return piece
        }
        _ = try required(settings.unknownToken, "unknown")
        _ = try required(settings.paddingToken, "padding")
        template = .bert(
            classification: try required(settings.classificationToken, "classification"),
            separator: try required(settings.separatorToken, "separator"))
        for token in settings.additionalTokens { _ = try required(token, "additional") }
        // A mask token that the vocabulary lacks has no id: it is ordinary text.
        if let piece = pieces.index(of: settings.maskToken.text) { add(settings.maskToken, piece) }
    }

    /// Has `token` matched in the text, unless the same is there already.
    private mutating func add(_ token: AddedToken, _ piece: Int32) {
        if !addedTokens.contains(where: { $0.token == token }) { addedTokens.append((token, piece)) }
    }
}
