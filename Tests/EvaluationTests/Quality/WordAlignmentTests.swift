import Foundation
import Testing

@testable import Evaluation

@Suite struct WordAlignmentTests {
    private let plain = ErrorRate.Normalization(lowercases: true, stripsPunctuation: true)

    /// Each pair as `said/heard`, with what was done to it in front where they differ.
    private func text(
        _ reference: String, _ hypothesis: String,
        _ normalization: ErrorRate.Normalization = ErrorRate.Normalization()
    ) -> String {
        WordAlignment(reference: reference, hypothesis: hypothesis, normalization).pairs.map { pair in
            (pair.edit == .match ? "" : pair.edit.rawValue.prefix(1) + ":")
                + "\(pair.reference ?? "")/\(pair.hypothesis ?? "")"
        }.joined(separator: " ")
    }

    @Test func wordsStandBesideWhatWasHeardForThem() {
        #expect(text("a b c d", "b x d e") == "d:a/ b/b s:c/x d/d i:/e")
        #expect(text("one two", "one and two") == "one/one i:/and two/two")
        #expect(text("one of two", "one two") == "one/one d:of/ two/two")
        #expect(text("a", "b") == "s:a/b")
    }

    @Test func nothingSaidOrHeard() {
        #expect(text("", "") == "")
        #expect(text("  \n", "a b") == "i:/a i:/b")
        #expect(text("a b", "") == "d:a/ d:b/")
        let nothing = WordAlignment(reference: "", hypothesis: "")
        #expect(nothing.errorCount == 0 && nothing.referenceCount == 0)
    }

    /// Words are compared as the options say and shown as they are written; what is nothing then is no word.
    @Test func wordsAreShownAsTheyAreWritten() {
        #expect(text("Hello, World!", "hello word", plain) == "Hello,/hello s:World!/word")
        #expect(text("yes — no", "yes no", plain) == "yes/yes no/no")
        #expect(text("Hello", "hello") == "s:Hello/hello")
    }

    @Test func allScriptsAreAligned() {
        #expect(text("Où est l’été ?", "ou est lété", plain) == "s:Où/ou est/est l’été/lété")
        // Composed and decomposed are the same characters.
        #expect(text("caf\u{E9}", "cafe\u{301}") == "caf\u{E9}/cafe\u{301}")
        #expect(text("مرحبا بالعالم", "مرحبا العالم") == "مرحبا/مرحبا s:بالعالم/العالم")
        #expect(text("東京\u{3000}駅", "東京 駅") == "東京/東京 駅/駅")
        #expect(text("👩‍👩‍👧 ok", "well ok 👩‍👩‍👧") == "s:👩‍👩‍👧/well ok/ok i:/👩‍👩‍👧")
    }

    /// The edits are those of the error rate, kind by kind, whatever the texts.
    @Test func editsAreThoseOfTheErrorRate() {
        var generator = SystemRandomNumberGenerator()
        func draw() -> String {
            (0..<Int.random(in: 0...9, using: &generator)).map { _ in
                ["a", "B", "b,", "c", "–"].randomElement(using: &generator) ?? ""
            }.joined(separator: " ")
        }
        for _ in 0..<500 {
            let (reference, hypothesis) = (draw(), draw())
            let rate = ErrorRate.words(reference: reference, hypothesis: hypothesis, plain)
            let found = WordAlignment(reference: reference, hypothesis: hypothesis, plain)
            let counts = [ErrorRate.Edit.substitution, .deletion, .insertion].map { found.count($0) }
            let wanted = [rate.substitutions, rate.deletions, rate.insertions]
            #expect(counts == wanted, "\(reference)|\(hypothesis)")
            #expect(found.referenceCount == rate.referenceCount && found.errorCount == rate.errorCount)
            #expect(
                found.pairs.compactMap(\.hypothesis) == plain.words(hypothesis).map(\.written),
                "\(reference)|\(hypothesis)")
        }
    }

    /// What is written is read again, and one has the keys that docs/reports.md names.
    @Test func pairsAreKeptInExamples() throws {
        let alignment = WordAlignment(reference: "a b", hypothesis: "a c d")
        let data = try JSONEncoder().encode(alignment)
        #expect(try JSONDecoder().decode(WordAlignment.self, from: data) == alignment)
        let object = try JSONSerialization.jsonObject(with: data) as? [String: Any]
        let pairs = try #require(object?["pairs"] as? [[String: String]])
        #expect(pairs.first == ["reference": "a", "hypothesis": "a", "edit": "match"])
        #expect(pairs.contains(["hypothesis": "c", "edit": "insertion"]))
    }
}
