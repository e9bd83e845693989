import Testing

@testable import Evaluation

@Suite struct AlignmentViewTests {
    private func html(_ reference: String, _ hypothesis: String) -> String {
        AlignmentView(WordAlignment(reference: reference, hypothesis: hypothesis)).html.text
    }

    /// Edits are named and framed, not only coloured.
    @Test func editsAreNamed() {
        let text = html("a b c", "a x c d")
        #expect(BalancedMarkup.problem(text) == nil)
        #expect(text.contains("2 errors in 3 words: 1 other, 1 added"))
        #expect(text.contains("class=\"edit substitution\"") && text.contains("<small>other</small>"))
        #expect(text.contains(">–</b><i dir=\"auto\">d</i><small>added</small>"))
        #expect(html("a b", "a").contains("<b dir=\"auto\">b</b><i dir=\"auto\">–</i><small>missing</small>"))
    }

    @Test func textsAreEscapedAndMayBeEmpty() {
        #expect(html("<i>", "&").contains("&lt;i&gt;</b><i dir=\"auto\">&amp;</i>"))
        #expect(html("", "").contains("Nothing said, nothing heard."))
        #expect(html("", "a").contains("1 error in 0 words: 1 added"))
        #expect(html("a", "a").contains("0 errors in 1 word<"))
    }
}
