import Foundation
import Torch

extension CTCTokenizer {
    /// The text of the best class of each frame: repeats are one letter, then blanks go.
    ///
    /// - Parameters:
    ///   - ids: the best class of each frame, or labels.
    ///   - groupsRepeats: false for ids that are labels already.
    ///   - skipsSpecialTokens: whether tokens that stand for something else than letters are left out
    ///     *before* repeats are grouped, blanks too, as transformers does.
    public func decode(
        _ ids: [Int], groupsRepeats: Bool = true, skipsSpecialTokens: Bool = false
    ) -> String {
        var found = ids.map { ExactString(tokens[$0] ?? unknownToken) }
        if skipsSpecialTokens {
            let delimiter = ExactString(wordDelimiter)
            found.removeAll { special.contains($0) && $0 != delimiter }
        }
        var letters: [String] = []
        var previous: ExactString?
        for token in found {
            if groupsRepeats, token == previous { continue }
            previous = token
            if token == ExactString(paddingToken) { continue }
            letters.append(token == ExactString(wordDelimiter) ? replacement : token.text)
        }
        var text = letters.joined().trimmingUnicodeWhitespace()
        if lowercases { text = text.lowercased() }
        return cleansSpaces ? Self.cleaned(text) : text
    }

    /// The transcript of each sample of a batch.
    ///
    /// - Parameters:
    ///   - logits: `[batch, frames, classes]`.
    ///   - mask: `[batch, frames]` bool, true for real frames; nil takes all.
    ///   - beamWidth: prefixes that are followed at once; 1 takes the best class of each frame.
    /// - Throws: ``PreprocessingError/invalidArgument(operation:expected:found:)`` for logits of another
    ///   shape, or of fewer classes than the vocabulary has.
    public func transcribe(_ logits: Tensor, mask: Tensor? = nil, beamWidth: Int = 1) throws -> [String] {
        let shape = logits.shape
        guard shape.count == 3, mask.map({ $0.shape == Array(shape.prefix(2)) }) ?? true else {
            throw PreprocessingError.invalidArgument(
                operation: "Decoding logits",
                expected: "logits [batch, frames, classes] and a mask of their frames",
                found: "\(shape) and \(mask.map { "\($0.shape)" } ?? "none")")
        }
        try checkClassCount(shape[2])
        let search = try CTCBeamSearch(width: beamWidth, blank: blankID)
        let scores = try logits.to(.cpu, .float32)
        let mask = try mask?.to(.cpu, .bool)
        return try (0..<shape[0]).map { row in
            var frames = try scores.select(row, axis: 0)  // [frames, classes]
            if let mask { frames = try frames.rows(where: mask.select(row, axis: 0)) }
            guard beamWidth > 1 else { return try decode(frames.argMax(axis: -1).array(of: Int.self)) }
            let beams = try search.search(
                frames.logSoftmax().array(of: Float.self), classCount: shape[2])
            return decode(beams.first?.labels ?? [], groupsRepeats: false)
        }
    }

    /// Takes out the spaces before punctuation and English contractions.
    private static func cleaned(_ text: String) -> String {
        [
            (" .", "."), (" ?", "?"), (" !", "!"), (" ,", ","), (" ' ", "'"), (" n't", "n't"), (" 'm", "'m"),
            (" 's", "'s"), (" 've", "'ve"), (" 're", "'re"),
        ].reduce(text) { $0.replacingOccurrences(of: $1.0, with: $1.1, options: .literal) }
    }
}

extension String {
    /// Without white space at both ends, scalar by scalar.
    fileprivate func trimmingUnicodeWhitespace() -> String {
        var scalars = unicodeScalars[...]
        while scalars.first?.isTextWhitespace == true { scalars.removeFirst() }
        while scalars.last?.isTextWhitespace == true { scalars.removeLast() }
        return String(scalars)
    }
}
