import Testing

@testable import Torch

@Suite struct ExactStringTests {
    @Test func tellsCanonicallyEquivalentStringsApart() {
        #expect("\u{E9}" == "e\u{301}")  // why this type is needed
        #expect(ExactString("\u{E9}") != ExactString("e\u{301}"))
        #expect(Set(["\u{E9}", "e\u{301}", "\u{E9}"].map(ExactString.init)).count == 2)
    }

    @Test func equalStringsHashAlikeHoweverTheyAreStored() {
        let long = String(repeating: "wörter ", count: 20)
        let copy = String(decoding: Array(long.utf8), as: UTF8.self)
        #expect(ExactString(long) == ExactString(copy))
        #expect(ExactString(long).hashValue == ExactString(copy).hashValue)
        #expect(ExactString("ab") != ExactString("a"))
    }
}
