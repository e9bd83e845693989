import Foundation
import Torch

/// Quality against compute as an SVG that is legible on light and dark grounds.
public struct FrontierPlot: Sendable, Equatable {
    public var title: String
    public var computeTitle: String
    public var qualityTitle: String
    /// Joined by a line in the order of their compute; points that are not finite are left out.
    public var points: [FrontierPoint]
    /// Quality of the dense model, a dashed line; nil for none.
    public var denseQuality: Double?

    private static let width = 640.0
    private static let height = 400.0
    private static let left = 76.0
    private static let right = 24.0
    private static let top = 44.0
    private static let bottom = 56.0

    public init(
        title: String, computeTitle: String, qualityTitle: String, points: [FrontierPoint],
        denseQuality: Double? = nil
    ) {
        self.title = title
        self.computeTitle = computeTitle
        self.qualityTitle = qualityTitle
        self.points = points
        self.denseQuality = denseQuality
    }

    /// The plot of an evaluation: the classifier's accuracy, or else the mean cosine with the dense
    /// model's embeddings, against the share of the dense multiply-accumulates.
    public init(_ result: EvaluationResult, title: String = "Quality against compute") {
        let isClassifier = result.denseAccuracy != nil
        self.init(
            title: title, computeTitle: "share of the dense multiply-accumulates",
            qualityTitle: isClassifier ? "accuracy" : "mean cosine with the dense model",
            points: result.budgets.map { budget in
                FrontierPoint(
                    compute: result.macShare(budget),
                    quality: (isClassifier ? budget.accuracy : budget.meanCosine) ?? .nan,
                    label: Markup.number(budget.budget, digits: 2))
            },
            denseQuality: result.denseAccuracy ?? 1)
    }

    /// Writes the plot, whole or not at all.
    ///
    /// - Throws: `FileError`.
    public func write(to url: URL) throws {
        try AtomicFile.write(Data((svg + "\n").utf8), to: url)
    }

    /// The whole document.
    public var svg: String {
        let shown = points.filter { $0.compute.isFinite && $0.quality.isFinite }
            .sorted { $0.compute < $1.compute }
        let across = AxisScale(covering: [0, 1] + shown.map(\.compute))
        let up = AxisScale(covering: shown.map(\.quality) + (denseQuality.map { [$0] } ?? []))
        var lines = [
            "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"frontier\" role=\"img\" "
                + "viewBox=\"0 0 \(Int(Self.width)) \(Int(Self.height))\" aria-label=\"\(Markup.escaped(title))\">",
            Self.style, text(title, x: Self.left, y: 26, kind: "title"),
        ]
        lines += axes(across, up)
        if let denseQuality, denseQuality.isFinite {
            let y = y(denseQuality, up)
            lines.append(line(Self.left, y, Self.width - Self.right, y, kind: "dense"))
            lines.append(text("dense", x: Self.left + 6, y: y - 5, kind: "note"))
        }
        let path = shown.map { "\(format(x($0.compute, across))),\(format(y($0.quality, up)))" }
        if shown.count > 1 {
            lines.append("<polyline class=\"curve\" points=\"\(path.joined(separator: " "))\"/>")
        }
        for point in shown {
            lines += mark(point, x: x(point.compute, across), y: y(point.quality, up))
        }
        return (lines + ["</svg>"]).joined(separator: "\n")
    }

    private static let style = """
        <style>
        .frontier { --ink: #1f2328; --grid: #d8dee4; --curve: #0969da; font: 13px system-ui, sans-serif; }
        @media (prefers-color-scheme: dark) {
        .frontier { --ink: #e6edf3; --grid: #30363d; --curve: #58a6ff; }
        }
        .frontier text { fill: var(--ink); }
        .frontier .title { font-size: 16px; font-weight: 600; }
        .frontier .tick { font-size: 12px; }
        .frontier .note { font-size: 12px; opacity: 0.8; }
        .frontier .grid { stroke: var(--grid); }
        .frontier .axis { stroke: var(--ink); }
        .frontier .dense { stroke: var(--ink); stroke-dasharray: 6 4; }
        .frontier .curve { fill: none; stroke: var(--curve); stroke-width: 2; }
        .frontier .point { fill: var(--curve); }
        </style>
        """

    private func axes(_ across: AxisScale, _ up: AxisScale) -> [String] {
        let floor = Self.height - Self.bottom
        var lines: [String] = []
        for tick in across.ticks {
            let x = x(tick, across)
            lines.append(line(x, Self.top, x, floor, kind: "grid"))
            lines.append(text(across.label(tick), x: x, y: floor + 18, kind: "tick", anchor: "middle"))
        }
        for tick in up.ticks {
            let y = y(tick, up)
            lines.append(line(Self.left, y, Self.width - Self.right, y, kind: "grid"))
            lines.append(text(up.label(tick), x: Self.left - 8, y: y + 4, kind: "tick", anchor: "end"))
        }
        lines.append(line(Self.left, floor, Self.width - Self.right, floor, kind: "axis"))
        lines.append(line(Self.left, Self.top, Self.left, floor, kind: "axis"))
        let middle = (Self.left + Self.width - Self.right) / 2
        lines.append(text(computeTitle, x: middle, y: Self.height - 14, kind: "name", anchor: "middle"))
        let centre = format((Self.top + floor) / 2)
        lines.append(
            "<text class=\"name\" text-anchor=\"middle\" transform=\"translate(18 \(centre)) rotate(-90)\">"
                + "\(Markup.escaped(qualityTitle))</text>")
        return lines
    }

    private func mark(_ point: FrontierPoint, x: Double, y: Double) -> [String] {
        let anchor = x > Self.width - Self.right - 50 ? "end" : "start"
        return [
            "<circle class=\"point\" cx=\"\(format(x))\" cy=\"\(format(y))\" r=\"4.5\"><title>"
                + "\(Markup.escaped(point.label)): \(format(point.compute, 3)), \(format(point.quality, 4))</title></circle>",
            text(point.label, x: anchor == "end" ? x - 7 : x + 7, y: y + 17, kind: "note", anchor: anchor),
        ]
    }

    private func x(_ value: Double, _ scale: AxisScale) -> Double {
        Self.left + scale.fraction(value) * (Self.width - Self.left - Self.right)
    }

    private func y(_ value: Double, _ scale: AxisScale) -> Double {
        let floor = Self.height - Self.bottom
        return floor - scale.fraction(value) * (floor - Self.top)
    }

    private func line(_ x1: Double, _ y1: Double, _ x2: Double, _ y2: Double, kind: String) -> String {
        "<line class=\"\(kind)\" x1=\"\(format(x1))\" y1=\"\(format(y1))\" x2=\"\(format(x2))\" y2=\"\(format(y2))\"/>"
    }

    private func text(
        _ content: String, x: Double, y: Double, kind: String, anchor: String = "start"
    ) -> String {
        "<text class=\"\(kind)\" x=\"\(format(x))\" y=\"\(format(y))\" text-anchor=\"\(anchor)\">"
            + "\(Markup.escaped(content))</text>"
    }

    private func format(_ value: Double, _ digits: Int = 1) -> String { Markup.number(value, digits: digits) }
}
