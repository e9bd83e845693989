import Foundation

/// How numbers are said on the page.
enum ReportText {
    /// A quality with its unit.
    static func value(_ quality: Quality, _ value: Double?) -> String {
        quality.isShare
            ? Markup.number(value.map { 100 * $0 }, digits: 1) + " %" : Markup.number(value, digits: 4)
    }

    /// A quality of a run, and small its interval.
    static func cell(_ quality: Quality, _ run: ReportRun) -> HTML {
        guard let found = run.qualities[quality] else { return "–" }
        guard let interval = run.intervals[quality], run.budget != nil || quality != .cosine else {
            return "\(value(quality, found))"
        }
        let (scale, digits) = quality.isShare ? (100.0, 1) : (1.0, 4)
        return """
            \(value(quality, found))<small>\(interval.lower * scale, digits)–\(interval.upper * scale, digits)</small>
            """
    }

    /// A difference of qualities in points of a hundred or as it is, with its sign.
    static func difference(_ quality: Quality, _ value: Double) -> String {
        let (scale, digits, unit) = quality.isShare ? (100.0, 1, " points") : (1.0, 4, "")
        let size = Markup.number(abs(value) * scale, digits: digits)
        let isZero = (Double(size) ?? 0) == 0
        return (isZero ? "±" : value < 0 ? "−" : "+") + size + unit
    }

    /// A difference in words, to be followed by what is compared with.
    static func comparison(_ quality: Quality, _ value: Double) -> String {
        let text = difference(quality, value)
        return text.hasPrefix("±")
            ? "that of" : "\(text.dropFirst()) \(value > 0 ? "above" : "below") that of"
    }

    static func percent(_ share: Double) -> String { Markup.number(100 * share, digits: 0) + " %" }

    /// Dense time divided by a run's: above 1 the run is the faster one.
    static func speedup(_ run: ReportRun, _ dense: ReportRun?) -> Double? {
        guard let own = run.milliseconds, let other = dense?.milliseconds, own > 0 else { return nil }
        return other / own
    }

    /// Words for a module's path: `feedForward` becomes `feed forward`.
    static func words(_ path: String) -> String {
        path.replacingOccurrences(of: ".", with: " ").reduce(into: "") { text, letter in
            if letter.isUppercase { text += " " }
            text += letter.lowercased()
        }
    }
}
