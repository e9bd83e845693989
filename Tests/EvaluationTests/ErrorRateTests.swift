import Foundation
import Testing

@testable import Evaluation

@Suite struct ErrorRateTests {
    struct Golden: Decodable {
        struct Row: Decodable {
            let reference: String
            let hypothesis: String
            let word: Double
            let character: Double
            let plainWord: Double
        }
        let rows: [Row]
        let word: Double
        let character: Double
    }

    /// The rates that jiwer gives, one by one and over all.
    @Test func ratesAreThoseOfJiwer() throws {
        let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appendingPathComponent("Goldens/ctc/error_rates.json")
        let golden = try JSONDecoder().decode(Golden.self, from: Data(contentsOf: file))
        var (words, characters) = (ErrorRate(), ErrorRate())
        let plain = ErrorRate.Normalization(lowercases: true, stripsPunctuation: true)
        for row in golden.rows {
            let word = ErrorRate.words(reference: row.reference, hypothesis: row.hypothesis)
            let character = ErrorRate.characters(reference: row.reference, hypothesis: row.hypothesis)
            let normalized = ErrorRate.words(reference: row.reference, hypothesis: row.hypothesis, plain)
            #expect(abs(word.value - row.word) < 1e-12, "\(row)")
            #expect(abs(character.value - row.character) < 1e-12, "\(row)")
            #expect(abs(normalized.value - row.plainWord) < 1e-12, "\(row)")
            words = words + word
            characters = characters + character
        }
        #expect(abs(words.value - golden.word) < 1e-12)
        #expect(abs(characters.value - golden.character) < 1e-12)
    }

    @Test func editsAreCountedByKind() {
        // "a" goes, "c" becomes "x", "e" comes.
        let rate = ErrorRate.words(reference: "a b c d", hypothesis: "b x d e")
        #expect(rate.deletions == 1 && rate.substitutions == 1 && rate.insertions == 1)
        #expect(rate.referenceCount == 4 && rate.value == 0.75)
        #expect(ErrorRate(reference: Array("kitten"), hypothesis: Array("sitting")).errorCount == 3)
    }

    @Test func nothingSaid() {
        #expect(ErrorRate.words(reference: "", hypothesis: " ").value == 0)
        #expect(ErrorRate.words(reference: "", hypothesis: "a").value == .infinity)
        #expect(ErrorRate.words(reference: "a b", hypothesis: "").value == 1)
        #expect(ErrorRate.words(reference: "a", hypothesis: "a b c").value == 2)
    }

    @Test func normalisationIsAnOption() {
        let (reference, hypothesis) = ("¿Qué tal, “amigo”?", "qué tal amigo")
        let plain = ErrorRate.Normalization(lowercases: true, stripsPunctuation: true)
        #expect(plain(reference) == "qué tal amigo")
        #expect(ErrorRate.words(reference: reference, hypothesis: hypothesis).errorCount == 3)
        #expect(ErrorRate.words(reference: reference, hypothesis: hypothesis, plain).errorCount == 0)
        #expect(ErrorRate.characters(reference: "A-b", hypothesis: "ab", plain).errorCount == 0)
        #expect(ErrorRate.Normalization(stripsPunctuation: true)("It's $5 + 1") == "Its $5 + 1")
        let bare = ErrorRate.Normalization(stripsAccents: true)
        #expect(bare("Después, ñu\u{301}; ёж Ł") == "Despues, nu; еж Ł")
        #expect(ErrorRate.characters(reference: "días", hypothesis: "dias", bare).errorCount == 0)
    }
}
