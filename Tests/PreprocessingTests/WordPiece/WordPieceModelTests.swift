import Testing

@testable import Preprocessing

@Suite struct WordPieceModelTests {
    private static let vocabulary = ["[UNK]", "un", "##aff", "##able", "unaff", ",", "a", "##a"]

    private func tokens(_ text: String, continuingPrefix: String = "##", maximumWordLength: Int = 10)
        -> [String]
    {
        let model = WordPieceModel(
            pieces: Self.vocabulary.enumerated().map { PieceTable.Piece(id: $0.offset, text: $0.element) },
            unknown: 0, continuingPrefix: continuingPrefix, maximumWordLength: maximumWordLength)
        let scalars = Array(text.unicodeScalars)
        let normalized = NormalizedText(scalars: scalars, origins: Array(scalars.indices))
        var spans: [TokenSpan] = []
        model.append(scalars.indices, of: normalized, to: &spans)
        return spans.map { "\(Self.vocabulary[Int($0.piece)])@\($0.start)-\($0.end)" }
    }

    @Test func takesTheLongestPieceFirst() {
        #expect(tokens("unaffable") == ["unaff@0-5", "##able@5-9"])
        #expect(tokens("unable") == ["un@0-2", "##able@2-6"])
    }

    @Test func aWordThatPiecesDoNotCoverIsUnknownAsAWhole() {
        #expect(tokens("a unaffx a") == ["a@0-1", "[UNK]@2-8", "a@9-10"])
        #expect(tokens("able") == ["[UNK]@0-4"])
    }

    @Test func wordsEndAtBlanksAndPunctuation() {
        #expect(tokens(" a,\u{2003}a,,") == ["a@1-2", ",@2-3", "a@4-5", ",@5-6", ",@6-7"])
        #expect(tokens("a;a") == ["a@0-1", "[UNK]@1-2", "a@2-3"])
        #expect(tokens("   ") == [])
    }

    @Test func wordsBeyondTheLimitAreUnknown() {
        #expect(tokens("aaaaaaaaaa").count == 10)
        #expect(tokens("aaaaaaaaaaa") == ["[UNK]@0-11"])
        #expect(tokens("a", maximumWordLength: 0) == ["[UNK]@0-1"])
    }

    @Test func theContinuingPrefixIsASetting() {
        #expect(tokens("aa", continuingPrefix: "") == ["a@0-1", "a@1-2"])
        #expect(tokens("aa", continuingPrefix: "@@") == ["[UNK]@0-2"])
    }
}
