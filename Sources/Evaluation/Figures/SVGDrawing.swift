/// Elements of an SVG whose axes map numbers to places.
struct SVGDrawing {
    var x: (Double) -> Double
    var y: (Double) -> Double

    func line(_ x1: Double, _ y1: Double, _ x2: Double, _ y2: Double, kind: String) -> String {
        "<line class=\"\(kind)\" x1=\"\(format(x1))\" y1=\"\(format(y1))\" x2=\"\(format(x2))\" y2=\"\(format(y2))\"/>"
    }

    func text(_ content: String, x: Double, y: Double, kind: String, anchor: String = "start") -> String {
        "<text class=\"\(kind)\" x=\"\(format(x))\" y=\"\(format(y))\" text-anchor=\"\(anchor)\">"
            + "\(Markup.escaped(content))</text>"
    }

    /// - Parameter style: of the element alone; empty for none.
    func rectangle(
        _ x: Double, _ y: Double, _ width: Double, _ height: Double, kind: String, style: String = "",
        title: String = ""
    ) -> String {
        let style = style.isEmpty ? "" : " style=\"\(style)\""
        let start =
            "<rect class=\"\(kind)\" x=\"\(format(x))\" y=\"\(format(y))\" width=\"\(format(width))\" height=\"\(format(height))\"\(style)"
        return title.isEmpty ? start + "/>" : start + "><title>\(Markup.escaped(title))</title></rect>"
    }

    /// About how wide a text is at the size of names and ticks, in a wide typeface; in narrower ones there is room to
    /// spare.
    static func width(_ text: String) -> Double {
        text.reduce(0) { width, letter in
            switch letter {
            case "i", "j", "l", "I", ".", ",", "'", "|", "!", ":", ";": width + 4
            case "m", "w", "M", "W", "%", "–", "—", "…": width + 11.5
            case _ where letter.isUppercase || !letter.isASCII: width + 8.5
            default: width + 7.2
            }
        }
    }

    func format(_ value: Double) -> String { Markup.number(value, digits: 1) }
}
