import Testing

@testable import Evaluation

@Suite struct HTMLTests {
    @Test func whatIsInterpolatedIsEscapedOnce() {
        let inner: HTML = "<b>\("a < b & \"c\"")</b>"
        #expect(inner.text == "<b>a &lt; b &amp; &quot;c&quot;</b>")
        let outer: HTML = "<p>\(inner) \(3) \(1.25, 1) \(Double.nan, 2)</p>"
        #expect(outer.text == "<p><b>a &lt; b &amp; &quot;c&quot;</b> 3 1.2 –</p>")
    }

    @Test func controlCharactersAreReplaced() {
        #expect(HTML("\("\u{0}\u{1F}\t")").text == "\u{FFFD}\u{FFFD}\t")
    }

    @Test func tablesAreWellFormed() {
        let table = HTML.table(["a", "b"], [["x", "\("<")"]])
        #expect(BalancedMarkup.problem(table.text) == nil)
        #expect(table.text.contains("<th scope=\"row\">x</th><td>&lt;</td>"))
    }
}
