import Foundation
import Torch

/// One HTML page that shows an evaluation and what single tokens got; it loads nothing else.
public struct DemoReport: Sendable {
    public var title: String
    /// A sentence or two under the title.
    public var summary: String
    public var result: EvaluationResult
    public var plot: FrontierPlot
    public var samples: [TokenLoads]

    /// - Parameter plot: nil takes the evaluation's own, ``FrontierPlot/init(_:title:)``.
    public init(
        title: String, summary: String, result: EvaluationResult, plot: FrontierPlot? = nil,
        samples: [TokenLoads] = []
    ) {
        self.title = title
        self.summary = summary
        self.result = result
        self.plot = plot ?? FrontierPlot(result)
        self.samples = samples
    }

    /// Writes the page, whole or not at all.
    ///
    /// - Throws: `FileError`.
    public func write(to url: URL) throws {
        try AtomicFile.write(Data((html + "\n").utf8), to: url)
    }

    /// The whole document.
    public var html: String {
        """
        <!DOCTYPE html>
        <html lang="en">
        <head>
        <meta charset="utf-8"/>
        <meta name="viewport" content="width=device-width, initial-scale=1"/>
        <title>\(Markup.escaped(title))</title>
        <style>
        \(Self.style)
        </style>
        </head>
        <body>
        <h1>\(Markup.escaped(title))</h1>
        <p>\(Markup.escaped(summary))</p>
        <h2>Budgets</h2>
        \(budgetTable)
        <p class="note">\(result.sampleCount) samples of \(Markup.number(result.meanTokenCount, digits: 1)) tokens \
        on average, measured on \(Markup.escaped(result.device.description)).</p>
        \(collapseNote)<h2>Quality against compute</h2>
        \(plot.svg)
        \(tokenSection)</body>
        </html>
        """
    }

    private static let style = """
        :root { color-scheme: light dark; --ink: #1f2328; --ground: #ffffff; --rule: #d8dee4; --load: 9 105 218; }
        @media (prefers-color-scheme: dark) {
        :root { --ink: #e6edf3; --ground: #0d1117; --rule: #30363d; --load: 56 139 253; }
        }
        body { margin: 0 auto; padding: 1rem; max-width: 52rem; color: var(--ink); background: var(--ground);
        font: 1rem/1.5 system-ui, sans-serif; }
        .wide { overflow-x: auto; }
        table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
        th, td { padding: 0.25rem 0.6rem; text-align: right; border-bottom: 1px solid var(--rule); white-space: nowrap; }
        th:first-child, td:first-child { text-align: left; }
        svg.frontier { width: 100%; height: auto; }
        .note { font-size: 0.875rem; opacity: 0.85; }
        .tokens { line-height: 2.6; }
        .token { display: inline-block; margin: 0 1px; padding: 0 3px; border-radius: 4px; line-height: 1.2;
        text-align: center; background: rgb(var(--load) / calc(var(--share) * 0.65)); }
        .token small { display: block; font-size: 0.625rem; opacity: 0.85; }
        """

    private var budgetTable: String {
        let table = result.table
        func row(_ cells: [String], _ tag: String) -> String {
            "<tr>" + cells.map { "<\(tag)>\(Markup.escaped($0))</\(tag)>" }.joined() + "</tr>"
        }
        return """
            <div class="wide"><table>
            <thead>\(row(table.header, "th"))</thead>
            <tbody>
            \(table.rows.map { row($0, "td") }.joined(separator: "\n"))
            </tbody>
            </table></div>
            """
    }

    private var collapseNote: String {
        let collapsed = result.budgets.filter { !$0.collapsed.isEmpty }
        guard !collapsed.isEmpty else { return "" }
        let parts = collapsed.map {
            "at budget \(Markup.number($0.budget, digits: 2)): \($0.collapsed.map(\.description).joined(separator: ", "))"
        }
        return "<p class=\"note\">Modules that give nearly every token the same choice "
            + "\(Markup.escaped(parts.joined(separator: "; "))).</p>\n"
    }

    private var tokenSection: String {
        guard !samples.isEmpty else { return "" }
        // The strongest colour is the highest load shown, so that small differences stay visible.
        let highest = max(samples.flatMap(\.loads).filter(\.isFinite).max() ?? 0, 1e-9)
        let legend = (0...4).map { Self.token("", load: highest * Double($0) / 4, highest: highest) }
        let paragraphs = samples.map { sample in
            let tokens = zip(sample.tokens, sample.loads).map { Self.token($0, load: $1, highest: highest) }
            return """
                <p class="note">Budget \(Markup.number(sample.budget, digits: 2)), load \
                \(Markup.number(sample.load, digits: 3))</p>
                <p class="tokens">\(tokens.joined(separator: "\n"))</p>
                """
        }
        return """
            <h2>Load of each token</h2>
            <p class="note">The share of the learners that ran for a token, weighted by cost, over all adaptive \
            modules, in per cent: \(legend.joined(separator: " "))</p>
            \(paragraphs.joined(separator: "\n"))

            """
    }

    private static func token(_ text: String, load: Double, highest: Double) -> String {
        let shown = Markup.escaped(text)
        let percent = Markup.number(load * 100, digits: 0)
        let share = Markup.number(load.isFinite ? load / highest : 0, digits: 3)
        return
            "<span class=\"token\" style=\"--share: \(share)\" title=\"load \(Markup.number(load, digits: 3))\">"
            + "\(shown)<small>\(percent)</small></span>"
    }
}
