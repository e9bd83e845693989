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

    /// - Parameters:
    ///   - title: the page's heading.
    ///   - summary: a sentence or two under the title.
    ///   - result: the evaluation that is shown.
    ///   - plot: nil takes the evaluation's own, ``FrontierPlot/init(_:title:)``.
    ///   - samples: texts whose loads are shown token by token.
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
        Page.html(
            title: title,
            body: """
                <p>\(Markup.escaped(summary))</p>
                <h2>Budgets</h2>
                \(budgetTable)
                <p class="note">\(result.sampleCount) samples of \(Markup.number(result.meanTokenCount, digits: 1)) tokens \
                on average, measured on \(Markup.escaped(result.device.description)).</p>
                \(collapseNote)\(plot.svg)
                \(samples.isEmpty ? "" : TokenPage.section(samples))
                """)
    }

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
}
