import Foundation

/// What a tokenizer's files say, in one form for both kinds of file.
struct TokenizerDefinition {
    var pieces = PieceTable()
    /// How many of the pieces are the vocabulary; added tokens come behind them.
    var vocabularyCount = 0
    var addedTokens: [(token: AddedToken, piece: Int32)] = []
    var normalizer: BertNormalizer?
    var unknownToken = "[UNK]"
    var continuingPrefix = "##"
    var maximumWordLength = 100
    var template = SequenceTemplate.plain
    var paddingToken = "[PAD]"

    static let operation = "Reading the tokenizer"

    /// Reads a Hugging Face folder: `tokenizer.json`, or else `vocab.txt` with `tokenizer_config.json`.
    static func read(folder: URL) throws -> (definition: TokenizerDefinition, file: URL) {
        let settingsFile = folder.appendingPathComponent("tokenizer_config.json")
        let settings =
            exists(settingsFile) ? try TokenizerSettings(file: settingsFile) : nil
        let tokenizerFile = folder.appendingPathComponent("tokenizer.json")
        if exists(tokenizerFile) {
            return (try TokenizerDefinition(tokenizerFile: tokenizerFile, settings: settings), tokenizerFile)
        }
        let vocabularyFile = folder.appendingPathComponent("vocab.txt")
        guard exists(vocabularyFile) else {
            throw PreprocessingError.missingFile(
                operation: operation, expected: "tokenizer.json, or vocab.txt with tokenizer_config.json",
                path: folder.path)
        }
        guard let settings else {
            throw PreprocessingError.missingFile(
                operation: operation, expected: "tokenizer_config.json beside vocab.txt", path: folder.path)
        }
        guard settings.splitsWords else {
            throw PreprocessingError.unsupported(
                operation: operation, expected: "true for \"do_basic_tokenize\"", found: "false",
                path: settingsFile.path)
        }
        for unread in ["added_tokens.json", "merges.txt"]
        where exists(folder.appendingPathComponent(unread)) {
            throw PreprocessingError.unsupported(
                operation: operation, expected: "a tokenizer.json, or vocab.txt alone",
                found: "\(unread) beside vocab.txt", path: folder.path)
        }
        let definition = try TokenizerDefinition(vocabularyFile: vocabularyFile, settings: settings)
        return (definition, vocabularyFile)
    }

    private static func exists(_ file: URL) -> Bool {
        FileManager.default.fileExists(atPath: file.path)
    }

    /// Adds a piece, or throws what `invalid` makes of the conflict (expected, found).
    mutating func addPiece(
        _ text: String, id: Int, invalid: (String, String) -> PreprocessingError
    ) throws -> Int32 {
        do {
            return try pieces.add(text, id: id)
        } catch .sameText(let other) {
            throw invalid("one id for the token \"\(text)\"", "\(other) and \(id)")
        } catch .sameID(let other) {
            throw invalid("one token for the id \(id)", "\"\(other)\" and \"\(text)\"")
        }
    }
}
