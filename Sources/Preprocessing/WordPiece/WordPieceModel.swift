/// Splits text into words, and words into the longest pieces of a vocabulary, from left to right.
///
/// A word that cannot be covered by pieces, or is longer than ``maximumWordLength`` scalars, becomes one
/// unknown token. Source: Wu et al. 2016, section 4.1; BERT's matching is greedy.
struct WordPieceModel: Sendable {
    private let trie: PieceTrie
    private let continuation: Int32?  // the trie's node behind the prefix of continuing pieces
    private let unknown: Int32
    private let maximumWordLength: Int

    /// - Parameter pieces: the vocabulary; tokens are indices into it.
    init(
        pieces: some Sequence<PieceTable.Piece>, unknown: Int32, continuingPrefix: String,
        maximumWordLength: Int
    ) {
        var trie = PieceTrie()
        for (index, piece) in pieces.enumerated() { trie.insert(piece.text, as: Int32(index)) }
        self.trie = trie
        self.continuation = trie.node(after: continuingPrefix)
        self.unknown = unknown
        self.maximumWordLength = maximumWordLength
    }

    /// Appends the tokens of `text.scalars[range]`.
    func append(_ range: Range<Int>, of text: NormalizedText, to spans: inout [TokenSpan]) {
        var wordStart = range.lowerBound
        for index in range {
            let scalar = text.scalars[index]
            let isPunctuation = scalar.isTextPunctuation
            guard isPunctuation || scalar.isTextWhitespace else { continue }
            appendWord(wordStart..<index, of: text, to: &spans)
            if isPunctuation { appendWord(index..<index + 1, of: text, to: &spans) }
            wordStart = index + 1
        }
        appendWord(wordStart..<range.upperBound, of: text, to: &spans)
    }

    private func appendWord(_ word: Range<Int>, of text: NormalizedText, to spans: inout [TokenSpan]) {
        guard !word.isEmpty else { return }
        let firstSpan = spans.count
        var start = word.lowerBound
        var node: Int32? = word.count <= maximumWordLength ? PieceTrie.root : nil
        while start < word.upperBound {
            guard let from = node,
                let match = trie.longestMatch(in: text.scalars, start..<word.upperBound, from: from)
            else {
                spans.removeSubrange(firstSpan...)
                spans.append(text.span(word, piece: unknown))
                return
            }
            spans.append(text.span(start..<match.end, piece: match.member))
            start = match.end
            node = continuation
        }
    }
}
