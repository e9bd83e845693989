/// A piece of HTML. What is interpolated is escaped, unless it is HTML itself.
///
/// ```swift
/// let line: HTML = "<p>\(name): \(HTML.joined(cells))</p>"
/// ```
struct HTML: ExpressibleByStringInterpolation, Sendable, Equatable {
    let text: String

    struct StringInterpolation: StringInterpolationProtocol {
        fileprivate var text = ""

        init(literalCapacity: Int, interpolationCount: Int) { text.reserveCapacity(literalCapacity) }

        mutating func appendLiteral(_ literal: String) { text += literal }
        mutating func appendInterpolation(_ text: String) { self.text += Markup.escaped(text) }
        mutating func appendInterpolation(_ number: Int) { text += "\(number)" }
        mutating func appendInterpolation(_ html: HTML) { text += html.text }
        /// A number with so many digits after the point.
        mutating func appendInterpolation(_ number: Double, _ digits: Int) {
            text += Markup.number(number, digits: digits)
        }
    }

    init(stringLiteral text: String) { self.text = text }
    init(stringInterpolation: StringInterpolation) { text = stringInterpolation.text }

    /// - Parameter markup: HTML already, such as a figure's.
    init(markup: String) { text = markup }

    static let nothing: HTML = ""

    static func joined(_ parts: [HTML], by separator: String = "\n") -> HTML {
        HTML(markup: parts.map(\.text).joined(separator: separator))
    }

    /// A table whose first column starts left; it scrolls by itself where it is too wide.
    static func table(_ header: [HTML], _ rows: [[HTML]]) -> HTML {
        let head = joined(header.map { "<th scope=\"col\">\($0)</th>" }, by: "")
        let body = rows.map { row -> HTML in
            let cells = row.enumerated().map { place, cell -> HTML in
                place == 0 ? "<th scope=\"row\">\(cell)</th>" : "<td>\(cell)</td>"
            }
            return "<tr>\(joined(cells, by: ""))</tr>"
        }
        return """
            <div class="wide" tabindex="0"><table>
            <thead><tr>\(head)</tr></thead>
            <tbody>
            \(joined(body))
            </tbody>
            </table></div>
            """
    }

    /// Something that opens on demand.
    static func details(_ summary: String, _ body: HTML) -> HTML {
        "<details><summary>\(summary)</summary>\n\(body)\n</details>"
    }

    /// A figure with its caption.
    static func figure(_ svg: HTML, _ caption: String) -> HTML {
        "<figure>\(svg)<figcaption>\(caption)</figcaption></figure>"
    }
}

extension HTML {
    static func + (left: HTML, right: HTML) -> HTML { HTML(markup: left.text + right.text) }
}
