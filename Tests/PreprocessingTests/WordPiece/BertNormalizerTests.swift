import Testing

@testable import Preprocessing

@Suite struct BertNormalizerTests {
    private func normalized(_ text: String, _ normalizer: BertNormalizer = BertNormalizer()) -> [Unicode
        .Scalar]
    {
        let scalars = Array(text.unicodeScalars)
        let result = normalizer.normalize(scalars, scalars.indices)
        #expect(result.scalars.count == result.origins.count)
        return result.scalars
    }

    private func scalars(_ text: String) -> [Unicode.Scalar] {
        Array(text.unicodeScalars)
    }

    @Test func cleansSeparatesStripsAndLowers() {
        #expect(normalized("A\u{0}\tÉ\u{200B}\r\n中\u{FFFD}İ") == scalars("a e   中 i"))
        #expect(normalized("Straße ΣΑΣ") == scalars("straße σασ"))
    }

    @Test func eachStepCanBeOff() {
        let text = "É\u{1}\u{2003}中"
        var off = BertNormalizer(
            cleansText: false, separatesChinese: false, stripsAccents: false, lowercases: false)
        #expect(normalized(text, off) == scalars(text))
        off.cleansText = true
        #expect(normalized(text, off) == scalars("É 中"))
        off = BertNormalizer(
            cleansText: false, separatesChinese: true, stripsAccents: false, lowercases: false)
        #expect(normalized(text, off) == scalars("É\u{1}\u{2003} 中 "))
        off = BertNormalizer(
            cleansText: false, separatesChinese: false, stripsAccents: true, lowercases: false)
        #expect(normalized(text, off) == scalars("E\u{1}\u{2003}中"))
        off = BertNormalizer(
            cleansText: false, separatesChinese: false, stripsAccents: false, lowercases: true)
        #expect(normalized("ÉİK", off) == scalars("\u{E9}i\u{307}k"))
    }

    @Test func originsPointIntoTheWholeText() {
        let text = Array("xx\u{1}é\u{301}中".unicodeScalars)
        let result = BertNormalizer().normalize(text, 2..<6)
        #expect(result.scalars == scalars("e 中 "))
        #expect(result.origins == [3, 5, 5, 5])
    }

    @Test func marksThatStayAreInCanonicalOrder() {
        #expect(normalized("a\u{302E}\u{302A}b\u{302E}") == scalars("a\u{302E}b\u{302E}"))
        #expect(normalized("\u{1D16D}\u{1D165}") == scalars("\u{1D165}\u{1D16D}"))
    }

    @Test func nothingGivesNothing() {
        #expect(normalized("").isEmpty)
        #expect(normalized("\u{301}\u{0}\u{200B}").isEmpty)
    }
}
