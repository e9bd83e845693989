import Testing

@testable import Preprocessing

@Suite struct AddedTokenMatcherTests {
    /// The segments of `text`, added tokens in brackets with their number.
    private func segments(_ text: String, _ tokens: [AddedToken]) -> [String] {
        var matcher = AddedTokenMatcher()
        for (index, token) in tokens.enumerated() {
            matcher.add(token, matching: token.text, piece: Int32(index))
        }
        let scalars = Array(text.unicodeScalars)
        return matcher.segments(of: scalars, scalars.indices).map { segment in
            var part = String.UnicodeScalarView()
            part.append(contentsOf: scalars[segment.range])
            return segment.piece.map { "[\(part)|\($0)]" } ?? String(part)
        }
    }

    @Test func withoutTokensTheTextIsOneSegment() {
        #expect(segments("some text", []) == ["some text"])
        #expect(segments("", []) == [])
        #expect(segments("", [AddedToken(text: "a")]) == [])
    }

    @Test func takesTheLeftmostThenTheLongest() {
        let tokens = [AddedToken(text: "ab"), AddedToken(text: "abc"), AddedToken(text: "bcd")]
        #expect(segments("xabcdab", tokens) == ["x", "[abc|1]", "d", "[ab|0]"])
        #expect(segments("bcdabd", tokens) == ["[bcd|2]", "[ab|0]", "d"])
    }

    @Test func singleWordsStandAlone() {
        let tokens = [AddedToken(text: "no", isSingleWord: true)]
        #expect(segments("no, nono no_ xno (no)", tokens) == ["[no|0]", ", nono no_ xno (", "[no|0]", ")"])
    }

    @Test func takesBlanksAlong() {
        #expect(
            segments("a \t<l> b", [AddedToken(text: "<l>", stripsLeft: true)]) == ["a", "[ \t<l>|0]", " b"])
        #expect(
            segments("a <r> \u{2003}b", [AddedToken(text: "<r>", stripsRight: true)]) == [
                "a ", "[<r> \u{2003}|0]", "b",
            ])
        let both = [AddedToken(text: "<b>", stripsLeft: true, stripsRight: true)]
        #expect(segments(" <b>  <b> ", both) == ["[ <b>  |0]", "[<b> |0]"])
    }
}
