import Foundation

/// Series of points over two axes as an SVG that is legible on light and dark grounds and on a phone.
///
/// Series are named where their lines end or are highest, points where they lie; intervals are drawn as bars.
struct LinePlot: Sendable, Equatable {
    struct Point: Sendable, Equatable {
        var x: Double
        var y: Double
        /// The ends of an interval; nil for none.
        var range: ClosedRange<Double>?
        /// What stands beside the point; empty for nothing.
        var label = ""
    }

    struct Series: Sendable, Equatable {
        /// Empty for one that needs no name.
        var name: String
        /// Joined by a line in the order of x; points that are not finite are left out.
        var points: [Point]
        /// Of the palette.
        var colour: Int
        /// Drawn as rings and a broken line.
        var isReference = false
    }

    var title: String
    var xTitle: String
    var yTitle: String
    var series: [Series]
    /// What the axis from left to right must show besides the points.
    var xMust: [Double] = []
    /// Whether points are drawn, not only the lines between them.
    var hasMarks = true
    /// What stands on top, for a figure without a caption; empty for nothing.
    var heading = ""
    var width = LinePlot.width
    var height = LinePlot.height

    static let width = 400.0
    static let height = 280.0
    private static let left = 46.0
    private static let right = 20.0
    private static let bottom = 44.0
    private var top: Double { heading.isEmpty ? 34 : 54 }
    private var floor: Double { height - Self.bottom }

    /// The whole figure, to stand in a page or alone.
    var svg: String {
        let shown = series.map { series in
            var kept = series
            kept.points = series.points.filter { $0.x.isFinite && $0.y.isFinite }.sorted { $0.x < $1.x }
            return kept
        }.filter { !$0.points.isEmpty }
        let points = shown.flatMap(\.points)
        let across = AxisScale(covering: xMust + points.map(\.x))
        let up = AxisScale(
            covering: points.map(\.y) + points.compactMap(\.range).flatMap { [$0.lowerBound, $0.upperBound] })
        let drawing = SVGDrawing(
            x: { Self.left + across.fraction($0) * (width - Self.left - Self.right) },
            y: { floor - up.fraction($0) * (floor - top) })
        var lines = [
            "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"plot\" role=\"img\" "
                + "viewBox=\"0 0 \(Int(width)) \(Int(height))\" aria-label=\"\(Markup.escaped(title))\">",
            FigureStyle.element,
        ]
        if !heading.isEmpty { lines.append(drawing.text(heading, x: 2, y: 14, kind: "heading")) }
        lines += axes(across, up, drawing)
        // Labels of points keep clear of the names.
        let names = names(shown, drawing)
        var labels = names.map(\.place)
        for series in shown { lines += marks(series, drawing, &labels) }
        return (lines + names.map(\.line) + ["</svg>"]).joined(separator: "\n")
    }

    /// Where a text stands: its left end, its width and its baseline.
    private typealias Place = (left: Double, width: Double, height: Double)

    private func axes(_ across: AxisScale, _ up: AxisScale, _ drawing: SVGDrawing) -> [String] {
        var lines = [
            drawing.text(yTitle, x: 2, y: top - 18, kind: "name"),
            drawing.text(xTitle, x: width - Self.right, y: height - 8, kind: "name", anchor: "end"),
        ]
        for tick in up.ticks {
            let y = drawing.y(tick)
            lines.append(drawing.line(Self.left, y, width - Self.right, y, kind: "grid"))
            lines.append(
                drawing.text(up.label(tick), x: Self.left - 6, y: y + 4, kind: "tick", anchor: "end"))
        }
        for tick in across.ticks {
            let x = drawing.x(tick)
            lines.append(drawing.line(x, floor, x, floor + 4, kind: "axis"))
            lines.append(
                drawing.text(across.label(tick), x: x, y: floor + 17, kind: "tick", anchor: "middle"))
        }
        lines.append(drawing.line(Self.left, floor, width - Self.right, floor, kind: "axis"))
        return lines
    }

    /// - Parameter labels: the texts so far.
    private func marks(_ series: Series, _ drawing: SVGDrawing, _ labels: inout [Place]) -> [String] {
        let colour = "s\(series.colour % FigureStyle.colourCount)"
        var lines: [String] = []
        let path = series.points.map {
            "\(drawing.format(drawing.x($0.x))),\(drawing.format(drawing.y($0.y)))"
        }
        if path.count > 1 {
            let kind = series.isReference ? "curve reference" : "curve"
            lines.append("<polyline class=\"\(kind) \(colour)\" points=\"\(path.joined(separator: " "))\"/>")
        }
        for (place, point) in series.points.enumerated() where hasMarks {
            let (x, y) = (drawing.x(point.x), drawing.y(point.y))
            if let range = point.range {
                lines.append(
                    drawing.line(
                        x, drawing.y(range.lowerBound), x, drawing.y(range.upperBound), kind: "bar \(colour)")
                )
            }
            let kind = series.isReference ? "ring" : "point"
            let range = point.range.map {
                " (\(Markup.number($0.lowerBound, digits: 3)) to \(Markup.number($0.upperBound, digits: 3)))"
            }
            lines.append(
                "<circle class=\"\(kind) \(colour)\" cx=\"\(drawing.format(x))\" cy=\"\(drawing.format(y))\" r=\"4\"><title>"
                    + Markup.escaped(
                        "\([series.name, point.label].filter { !$0.isEmpty }.joined(separator: " ")): \(Markup.number(point.x, digits: 3)), "
                            + "\(Markup.number(point.y, digits: 3))\(range ?? "")") + "</title></circle>")
            guard !point.label.isEmpty else { continue }
            // Above the point where the line falls away from it.
            let falls = place + 1 < series.points.count && series.points[place + 1].y < point.y
            let heights = [min(y + 15, floor - 4), y - 6]
            let textWidth = SVGDrawing.width(point.label)
            let candidates = (falls ? heights.reversed() : heights).flatMap { height in
                [x + 7, x - 7 - textWidth, x - textWidth / 2].map { (left: $0, height: height) }
            }
            let free = candidates.first { candidate in
                let centre = (x: candidate.left + textWidth / 2, y: candidate.height - 4)
                func distance(_ other: Point) -> Double {
                    hypot(drawing.x(other.x) - centre.x, drawing.y(other.y) - centre.y)
                }
                return candidate.left + textWidth <= width
                    // Else it would seem to be of another point.
                    && series.points.allSatisfy { distance($0) >= distance(point) }
                    && labels.allSatisfy {
                        abs($0.height - candidate.height) >= 12
                            || $0.left + $0.width < candidate.left || candidate.left + textWidth < $0.left
                    }
            }
            // Where all places are taken, the point tells its name when it is pointed at.
            guard let free else { continue }
            labels.append((free.left, textWidth, free.height))
            lines.append(drawing.text(point.label, x: free.left, y: free.height, kind: "note"))
        }
        return lines
    }

    /// The names of the series above their last points, or above the highest where no points are drawn; moved apart
    /// where they would meet.
    private func names(_ shown: [Series], _ drawing: SVGDrawing) -> [(line: String, place: Place)] {
        var places = shown.enumerated().compactMap { number, series in
            (hasMarks ? series.points.last : series.points.max { $0.y < $1.y }).map {
                (number: number, x: drawing.x($0.x), y: drawing.y($0.y) + (isBelow(series, shown) ? 17 : -9))
            }
        }.filter { !shown[$0.number].name.isEmpty }
        // Those above give way upwards, where there is nothing; at the top edge those below do.
        places.sort { $0.y < $1.y }
        func near(_ index: Int, _ others: Range<Int>) -> [Double] {
            places[others].filter { abs($0.x - places[index].x) < 90 }.map(\.y)
        }
        for index in places.indices.reversed() {
            if let below = near(index, index + 1..<places.count).min() {
                places[index].y = min(places[index].y, below - 13)
            }
        }
        for index in places.indices {
            let above = near(index, 0..<index).max()
            places[index].y = max(places[index].y, 12, (above ?? -13) + 13)
        }
        return places.map { place in
            let series = shown[place.number]
            let anchor = place.x < Self.left + 30 ? "start" : place.x > width - 60 ? "end" : "middle"
            let (x, y) = (anchor == "end" ? min(place.x + 8, width - 2) : place.x, place.y)
            let textWidth = SVGDrawing.width(series.name)
            let left = anchor == "start" ? x : anchor == "end" ? x - textWidth : x - textWidth / 2
            let line = drawing.text(
                series.name, x: x, y: y, kind: "series s\(series.colour % FigureStyle.colourCount)",
                anchor: anchor)
            return (line, (left, textWidth, y))
        }
    }

    /// Whether a single point is named below it, because another series runs above.
    private func isBelow(_ series: Series, _ shown: [Series]) -> Bool {
        guard series.points.count == 1, let own = series.points.first else { return false }
        return shown.contains { other in
            other.points.count > 1
                && (other.points.min { abs($0.x - own.x) < abs($1.x - own.x) }?.y ?? own.y) > own.y
        }
    }
}
