/// For each module a bar whose parts are the shares of tokens by the number of learners that they ran.
struct ChoiceBars: Sendable, Equatable {
    struct Row: Sendable, Equatable {
        let name: String
        /// At index k the tokens that ran k learners.
        let histogram: [Int]
        let load: Double
    }

    let title: String
    let rows: [Row]

    private static let left = 62.0
    private static let right = 40.0
    private static let rowHeight = 20.0
    private static let top = 26.0

    var svg: String {
        let height = Self.top + Double(rows.count) * Self.rowHeight + 6
        let drawing = SVGDrawing(x: { $0 }, y: { $0 })
        let width = LinePlot.width - Self.left - Self.right
        let most = rows.map(\.histogram.count).max() ?? 1
        var lines = [
            "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"plot\" role=\"img\" "
                + "viewBox=\"0 0 \(Int(LinePlot.width)) \(Int(height))\" aria-label=\"\(Markup.escaped(title))\">",
            FigureStyle.element,
        ]
        lines += key(most, drawing)
        for (number, row) in rows.enumerated() {
            let y = Self.top + Double(number) * Self.rowHeight
            let count = Double(max(row.histogram.reduce(0, +), 1))
            lines.append(drawing.text(row.name, x: Self.left - 6, y: y + 13, kind: "tick", anchor: "end"))
            var x = Self.left
            for (choice, tokens) in row.histogram.enumerated() where tokens > 0 {
                let share = Double(tokens) / count
                lines.append(
                    drawing.rectangle(
                        x, y + 1, max(share * width - 1, 0.4), Self.rowHeight - 4, kind: "block",
                        style: "fill-opacity: \(Self.opacity(choice, row.histogram.count))",
                        title:
                            "\(row.name), \(choice) learners: \(Markup.number(100 * share, digits: 1)) % of the tokens"
                    ))
                x += share * width
            }
            lines.append(
                drawing.text(
                    Markup.number(row.load, digits: 2), x: LinePlot.width, y: y + 13, kind: "tick",
                    anchor: "end"))
        }
        return (lines + ["</svg>"]).joined(separator: "\n")
    }

    /// What the colours stand for.
    private func key(_ count: Int, _ drawing: SVGDrawing) -> [String] {
        let step = min(30, (LinePlot.width - Self.left - Self.right - 60) / Double(max(count, 1)))
        var lines = [drawing.text("learners", x: Self.left, y: 13, kind: "name")]
        for choice in 0..<count {
            let x = Self.left + 56 + Double(choice) * step
            lines.append(
                drawing.rectangle(
                    x, 4, 10, 11, kind: "block", style: "fill-opacity: \(Self.opacity(choice, count))"))
            if step >= 22 || choice == 0 || choice == count - 1 {
                lines.append(drawing.text("\(choice)", x: x + 13, y: 13, kind: "tick"))
            }
        }
        return lines + [drawing.text("load", x: LinePlot.width, y: 13, kind: "name", anchor: "end")]
    }

    /// From pale for no learner to full for all.
    private static func opacity(_ choice: Int, _ count: Int) -> String {
        Markup.number(0.08 + 0.92 * Double(choice) / Double(max(count - 1, 1)), digits: 2)
    }
}
