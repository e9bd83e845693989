import Testing

@testable import Preprocessing

@Suite struct UnicodeScalarTextClassesTests {
    @Test(
        arguments: [
            "\0", "\u{1}", "\u{7F}", "\u{85}", "\u{AD}", "\u{200B}", "\u{200D}", "\u{FEFF}", "\u{FFFD}",
            "\u{E000}", "\u{E0001}",
        ] as [Unicode.Scalar])
    func cleanupRemoves(scalar: Unicode.Scalar) {
        #expect(scalar.isRemovedByCleanup)
    }

    @Test(
        arguments: ["\t", "\n", "\r", " ", "a", "\u{A0}", "\u{301}", "\u{378}", "\u{8E2}", "\u{1F600}"]
            as [Unicode.Scalar])
    func cleanupKeeps(scalar: Unicode.Scalar) {
        #expect(!scalar.isRemovedByCleanup)  // U+08E2 is a format character only since Unicode 9
    }

    @Test(arguments: ["!", "$", "+", "<", "^", "`", "~", "«", "¿", "。", "·", "\u{166D}"] as [Unicode.Scalar])
    func punctuation(scalar: Unicode.Scalar) {
        #expect(scalar.isTextPunctuation)
    }

    @Test(arguments: ["a", "0", " ", "€", "°", "´", "\u{2E52}", "😀"] as [Unicode.Scalar])
    func notPunctuation(scalar: Unicode.Scalar) {
        #expect(!scalar.isTextPunctuation)  // U+2E52 is from Unicode 13
    }

    @Test func asciiPunctuationIsAllButLettersDigitsBlanksAndControls() {
        let count = (0..<128).compactMap { Unicode.Scalar($0 as Int) }.count(where: \.isTextPunctuation)
        #expect(count == 32)
    }

    @Test func accentsAreTheNonspacingMarksOfUnicode8() {
        #expect(("\u{301}" as Unicode.Scalar).isAccent)
        #expect(("\u{1734}" as Unicode.Scalar).isAccent)  // a spacing mark today
        #expect(!("\u{1885}" as Unicode.Scalar).isAccent)  // a nonspacing mark today
        #expect(!("\u{1DFB}" as Unicode.Scalar).isAccent)  // from Unicode 9
        #expect(!("\u{302E}" as Unicode.Scalar).isAccent)
        #expect(!("e" as Unicode.Scalar).isAccent)
    }

    @Test func chineseCharactersAreThoseOfTheReferencesBlocks() {
        for scalar in [
            "\u{3400}", "中", "\u{9FFF}", "\u{F900}", "\u{20000}", "\u{2B81F}", "\u{2B920}", "\u{2FA1F}",
        ] as [Unicode.Scalar] {
            #expect(scalar.isChineseCharacter)
        }
        for scalar in ["a", "あ", "한", "\u{2B820}", "\u{2B91F}", "\u{30000}", "\u{4DC0}"] as [Unicode.Scalar] {
            #expect(!scalar.isChineseCharacter)
        }
    }

    @Test func wordCharacters() {
        for scalar in ["a", "é", "5", "_", "\u{301}", "中", "\u{200D}"] as [Unicode.Scalar] {
            #expect(scalar.isWordCharacter)
        }
        for scalar in [" ", "-", ".", "😀", "€", "½"] as [Unicode.Scalar] { #expect(!scalar.isWordCharacter) }
    }
}
