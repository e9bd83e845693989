/// What was heard, word by word, beside what was said: by the edits that ``ErrorRate`` counts.
public struct WordAlignment: Codable, Sendable, Equatable {
    /// A word that was said and what was heard for it.
    public struct Pair: Codable, Sendable, Equatable {
        /// As it is written in the reference; nil for a word that was heard and not said.
        public let reference: String?
        /// As it is written in the hypothesis; nil for a word that was said and not heard.
        public let hypothesis: String?
        public let edit: ErrorRate.Edit
    }

    /// In the order of the texts.
    public let pairs: [Pair]

    /// - Parameters:
    ///   - reference: what was said.
    ///   - hypothesis: what was heard.
    ///   - normalization: what is made alike before words are compared; pairs have them as they are written.
    public init(
        reference: String, hypothesis: String,
        _ normalization: ErrorRate.Normalization = ErrorRate.Normalization()
    ) {
        let (said, heard) = (normalization.words(reference), normalization.words(hypothesis))
        var edits: [ErrorRate.Edit] = []  // [said][heard]
        _ = ErrorRate(reference: said.map(\.compared), hypothesis: heard.map(\.compared)) {
            edits.append($0)
        }
        var pairs: [Pair] = []  // from the last to the first
        var (row, column) = (said.count, heard.count)
        while row + column > 0 {
            let edit: ErrorRate.Edit =
                row == 0 ? .insertion : column == 0 ? .deletion : edits[(row - 1) * heard.count + column - 1]
            if edit != .insertion { row -= 1 }
            if edit != .deletion { column -= 1 }
            pairs.append(
                Pair(
                    reference: edit == .insertion ? nil : said[row].written,
                    hypothesis: edit == .deletion ? nil : heard[column].written, edit: edit))
        }
        self.pairs = pairs.reversed()
    }

    /// How many pairs are of a kind.
    public func count(_ edit: ErrorRate.Edit) -> Int { pairs.count { $0.edit == edit } }

    /// Edits that are no matches.
    public var errorCount: Int { pairs.count - count(.match) }

    /// Words of the reference.
    public var referenceCount: Int { pairs.count - count(.insertion) }
}
