/// Finds added tokens in a text: from left to right, the longest at each place, without overlap.
struct AddedTokenMatcher: Sendable {
    /// A stretch of text: one added token, or what lies between two.
    struct Segment: Equatable {
        let range: Range<Int>
        let piece: Int32?  // nil: plain text
    }

    private var trie = PieceTrie()
    private var tokens: [(token: AddedToken, piece: Int32)] = []

    /// Matches `token` wherever `text`, its raw or its normalized form, occurs.
    mutating func add(_ token: AddedToken, matching text: String, piece: Int32) {
        guard !text.isEmpty else { return }
        trie.insert(text, as: Int32(tokens.count))
        tokens.append((token, piece))
    }

    /// The segments of `scalars[range]`, in order, none of them empty.
    func segments(of scalars: [Unicode.Scalar], _ range: Range<Int>) -> [Segment] {
        var segments: [Segment] = []
        var plainStart = range.lowerBound
        var index = range.lowerBound
        while index < range.upperBound, !tokens.isEmpty {
            guard let match = trie.longestMatch(in: scalars, index..<range.upperBound) else {
                index += 1
                continue
            }
            let (token, piece) = tokens[Int(match.member)]
            var (start, end) = (index, match.end)
            index = end
            if token.isSingleWord, touchesWord(start..<end, scalars, within: range) { continue }
            while token.stripsLeft, start > plainStart, scalars[start - 1].isTextWhitespace { start -= 1 }
            while token.stripsRight, end < range.upperBound, scalars[end].isTextWhitespace { end += 1 }
            if plainStart < start { segments.append(Segment(range: plainStart..<start, piece: nil)) }
            segments.append(Segment(range: start..<end, piece: piece))
            plainStart = end
            index = max(index, end)
        }
        if plainStart < range.upperBound {
            segments.append(Segment(range: plainStart..<range.upperBound, piece: nil))
        }
        return segments
    }

    private func touchesWord(
        _ found: Range<Int>, _ scalars: [Unicode.Scalar], within range: Range<Int>
    ) -> Bool {
        let before = found.lowerBound > range.lowerBound && scalars[found.lowerBound - 1].isWordCharacter
        let after = found.upperBound < range.upperBound && scalars[found.upperBound].isWordCharacter
        return before || after
    }
}
