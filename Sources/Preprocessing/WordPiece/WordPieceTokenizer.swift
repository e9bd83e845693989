import Foundation

/// BERT's tokenizer: cleans text up, splits it into words, and words into pieces of a vocabulary.
///
/// It gives the ids, pieces and offsets that Hugging Face's `tokenizers` gives for the same files.
public struct WordPieceTokenizer: Sendable {
    /// The id that fills rows of a batch up.
    public let paddingID: Int
    /// One more than the largest id: the number of embeddings that a model needs at least.
    public let vocabularySize: Int

    private let pieces: PieceTable
    private let model: WordPieceModel
    private let normalizer: BertNormalizer?
    private let template: SequenceTemplate
    private var rawTokens = AddedTokenMatcher()
    private var normalizedTokens = AddedTokenMatcher()

    /// Reads a Hugging Face folder: `tokenizer.json`, or else `vocab.txt` with `tokenizer_config.json`.
    ///
    /// - Throws: ``PreprocessingError`` if files are missing, malformed or contradict themselves, or ask
    ///   for another kind of tokenizer than BERT's.
    public init(folder: URL) throws {
        let (definition, file) = try TokenizerDefinition.read(folder: folder)
        guard let unknown = definition.pieces.index(of: definition.unknownToken),
            let padding = definition.pieces.index(of: definition.paddingToken)
        else {
            throw PreprocessingError.invalidContents(
                operation: TokenizerDefinition.operation,
                expected: "the tokens \(definition.unknownToken) and \(definition.paddingToken)",
                found: "a vocabulary without them", path: file.path)
        }
        pieces = definition.pieces
        paddingID = pieces[padding].id
        vocabularySize = pieces.idLimit
        normalizer = definition.normalizer
        template = definition.template
        model = WordPieceModel(
            pieces: pieces.pieces.prefix(definition.vocabularyCount), unknown: unknown,
            continuingPrefix: definition.continuingPrefix, maximumWordLength: definition.maximumWordLength)
        for (token, piece) in definition.addedTokens {
            if token.isNormalized {
                normalizedTokens.add(token, matching: normalized(token.text), piece: piece)
            } else {
                rawTokens.add(token, matching: token.text, piece: piece)
            }
        }
    }

    /// The tokens of a text, or of a pair of texts, with the special tokens around them.
    ///
    /// - Parameters:
    ///   - text: the only text, or the first of a pair.
    ///   - pair: the second text; nil for one text alone.
    ///   - maximumLength: the most tokens to return, special ones included. Longer texts lose
    ///     their ends: of a pair the longer one first, then both evenly.
    /// - Throws: ``PreprocessingError/invalidArgument(operation:expected:found:)`` if `maximumLength` has
    ///   no room for the special tokens.
    public func encode(_ text: String, pair: String? = nil, maximumLength: Int? = nil) throws -> Encoding {
        var ids: [Int] = []
        var typeIDs: [Int] = []
        var tokens: [String] = []
        var offsets: [Range<Int>] = []
        try forEachToken(of: text, pair, maximumLength) { span, type in
            ids.append(pieces[span.piece].id)
            typeIDs.append(type)
            tokens.append(pieces[span.piece].text)
            offsets.append(span.start..<span.end)
        }
        return Encoding(ids: ids, typeIDs: typeIDs, tokens: tokens, offsets: offsets)
    }

    /// The tokens of several texts, each cut to `maximumLength`, padded to the longest.
    ///
    /// - Throws: as ``encode(_:pair:maximumLength:)``.
    public func encodeBatch(_ texts: [String], maximumLength: Int) throws -> TokenBatch {
        let rows = try texts.map { text in
            var row: [(id: Int, type: Int)] = []
            try forEachToken(of: text, nil, maximumLength) { row.append((pieces[$0.piece].id, $1)) }
            return row
        }
        return TokenBatch(rows: rows, paddingID: paddingID)
    }

    /// Calls `body` with every token and its type.
    private func forEachToken(
        of text: String, _ pair: String?, _ maximumLength: Int?, _ body: (TokenSpan, Int) -> Void
    ) throws {
        let parts = pair == nil ? template.single : template.pair
        var first = spans(of: text)
        var second = pair.map(spans) ?? []
        if let maximumLength {
            let specialCount = parts.count { if case .special = $0 { true } else { false } }
            guard maximumLength >= specialCount else {
                throw PreprocessingError.invalidArgument(
                    operation: "Encoding a text",
                    expected: "a maximum length of at least \(specialCount), the number of special tokens",
                    found: "\(maximumLength)")
            }
            truncate(&first, &second, to: maximumLength - specialCount)
        }
        for part in parts {
            switch part {
            case .special(let piece, let type): body(TokenSpan(piece: piece, start: 0, end: 0), type)
            case .text(let type): for span in first { body(span, type) }
            case .pair(let type): for span in second { body(span, type) }
            }
        }
    }

    /// The tokens of a text without special ones around it.
    private func spans(of text: String) -> [TokenSpan] {
        let scalars = Array(text.unicodeScalars)
        var spans: [TokenSpan] = []
        for raw in rawTokens.segments(of: scalars, scalars.indices) {
            if let piece = raw.piece {
                spans.append(TokenSpan(piece: piece, start: raw.range.lowerBound, end: raw.range.upperBound))
                continue
            }
            let normalized = normalized(scalars, raw.range)
            for segment in normalizedTokens.segments(of: normalized.scalars, normalized.scalars.indices) {
                if let piece = segment.piece {
                    spans.append(normalized.span(segment.range, piece: piece))
                } else {
                    model.append(segment.range, of: normalized, to: &spans)
                }
            }
        }
        return spans
    }

    private func normalized(_ scalars: [Unicode.Scalar], _ range: Range<Int>) -> NormalizedText {
        if let normalizer { return normalizer.normalize(scalars, range) }
        return NormalizedText(scalars: Array(scalars[range]), origins: Array(range))
    }

    private func normalized(_ text: String) -> String {
        let scalars = Array(text.unicodeScalars)
        var result = ""
        result.unicodeScalars.append(contentsOf: normalized(scalars, scalars.indices).scalars)
        return result
    }

    /// Cuts the longer text's end until both fit, then both: the longer one keeps the odd token.
    private func truncate(_ first: inout [TokenSpan], _ second: inout [TokenSpan], to count: Int) {
        guard first.count + second.count > count else { return }
        let shorter = min(first.count, second.count, count / 2)
        let longer = count - shorter
        let firstIsLonger = first.count > second.count
        first.removeLast(max(0, first.count - (firstIsLonger ? longer : shorter)))
        second.removeLast(max(0, second.count - (firstIsLonger ? shorter : longer)))
    }
}
