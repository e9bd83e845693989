/// Splits a text into the words that byte-level merges stay within.
///
/// The words are those of GPT-2's pattern
/// `'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+`.
///
/// - Source: Radford et al. 2019, GPT-2's encoder.
struct WordScanner {
    private enum Kind { case letter, number, space, other }

    let scalars: [Unicode.Scalar]

    /// Calls `body` with each word of a range, in order.
    func forEachWord(in range: Range<Int>, _ body: (Range<Int>) -> Void) {
        var start = range.lowerBound
        while start < range.upperBound {
            let end = endOfWord(from: start, limit: range.upperBound)
            body(start..<end)
            start = end
        }
    }

    private func endOfWord(from start: Int, limit: Int) -> Int {
        if let end = endOfContraction(from: start, limit: limit) { return end }
        // One space belongs to the word after it.
        let first = scalars[start] == " " && start + 1 < limit ? start + 1 : start
        let kind = kind(first)
        if kind != .space { return endOfRun(kind, from: first, limit: limit) }
        // White space ends before its last character where a word follows.
        let end = endOfRun(.space, from: start, limit: limit)
        return end < limit && end - start > 1 ? end - 1 : end
    }

    private func endOfRun(_ kind: Kind, from start: Int, limit: Int) -> Int {
        var end = start
        while end < limit, self.kind(end) == kind { end += 1 }
        return end
    }

    private func endOfContraction(from start: Int, limit: Int) -> Int? {
        guard scalars[start] == "'", start + 1 < limit else { return nil }
        switch scalars[start + 1] {
        case "s", "t", "m", "d": return start + 2
        case "r", "v": return start + 2 < limit && scalars[start + 2] == "e" ? start + 3 : nil
        case "l": return start + 2 < limit && scalars[start + 2] == "l" ? start + 3 : nil
        default: return nil
        }
    }

    private func kind(_ index: Int) -> Kind {
        let scalar = scalars[index]
        switch scalar.properties.generalCategory {
        case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter:
            return .letter
        case .decimalNumber, .letterNumber, .otherNumber: return .number
        default: return scalar.properties.isWhitespace ? .space : .other
        }
    }
}
