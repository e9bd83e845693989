import Foundation

/// What was gained, and what it cost.
struct HeadlineSection {
    private let report: EvaluationReport
    private let isAlone: Bool

    /// How much of a share may be lost at the budget that the headline tells of.
    private static let tolerance = 0.01
    private static let leastCosine = 0.95

    init(_ report: EvaluationReport, in reports: [EvaluationReport]) {
        self.report = report
        isAlone = reports.count == 1
    }

    /// The cheapest run that loses little against the dense model, or without one against the largest budget; the
    /// best run where all lose more.
    static func chosen(_ report: EvaluationReport) -> (run: ReportRun, reference: ReportRun)? {
        guard let quality = report.mainQuality,
            let reference = report.dense ?? report.runs.max(by: { ($0.budget ?? 0) < ($1.budget ?? 0) }),
            let wanted = reference.qualities[quality]
        else { return nil }
        let candidates = report.runs.filter {
            $0.budget != nil && $0 != reference && $0.qualities[quality] != nil
        }
        func loss(_ run: ReportRun) -> Double {
            let change = (run.qualities[quality] ?? 0) - wanted
            return quality.higherIsBetter ? -change : change
        }
        let allowed = quality == .cosine ? 1 - leastCosine : tolerance
        let kept = candidates.filter { loss($0) <= allowed }
        // What runs of a stopped evaluation cost is not known; a lower budget costs less.
        func cost(_ run: ReportRun) -> Double { run.macs ?? run.budget ?? .infinity }
        let cheapest = kept.min { cost($0) < cost($1) }
        return (cheapest ?? candidates.min { loss($0) < loss($1) }).map { ($0, reference) }
    }

    var html: HTML {
        """
        <section class="headline">\(isAlone ? HTML.nothing : "<h2>\(report.name)</h2>")
        \(findings)
        <p class="note">\(circumstances)</p></section>
        """
    }

    private var findings: HTML {
        guard let (run, reference) = Self.chosen(report), let quality = report.mainQuality else {
            guard let quality = report.mainQuality, let run = report.runs.first else { return .nothing }
            return """
                <p class="lead">The \(run.name) model has \(indefinite(quality.title)) of \
                \(ReportText.value(quality, run.qualities[quality])).</p>
                """
        }
        let other = reference.budget == nil ? "the dense model" : "its own \(reference.name)"
        let share = zip2(run.macs, reference.macs).map { $0 / max($1, 1) }
        let change = (run.qualities[quality] ?? .nan) - (reference.qualities[quality] ?? .nan)
        let speedup = ReportText.speedup(run, report.dense)
        var tiles: [HTML] = []
        if let share {
            tiles.append(tile("of the multiply-accumulates", ReportText.percent(share), "of \(other)"))
        }
        tiles.append(
            quality == .cosine
                ? tile(
                    "mean cosine", ReportText.value(quality, run.qualities[quality]), "with the dense model")
                : tile(
                    quality.title, ReportText.difference(quality, change), interval(quality, run, reference)))
        if let speedup {
            tiles.append(
                tile(
                    speedup >= 0.995 ? "as fast" : "as fast: slower",
                    Markup.number(speedup, digits: 2) + " ×",
                    "\(Markup.number(run.milliseconds, digits: 2)) ms a sample, "
                        + "dense \(Markup.number(report.dense?.milliseconds, digits: 2)) ms"))
        }
        return """
            <p class="lead">\(sentence(run, other, quality, share, change))</p>
            <div class="tiles">\(HTML.joined(tiles))</div>
            """
    }

    private func sentence(
        _ run: ReportRun, _ other: String, _ quality: Quality, _ share: Double?, _ change: Double
    ) -> String {
        let cost =
            share.map {
                "the model spends \(ReportText.percent($0)) of the multiply-accumulates of \(other), and "
            }
            ?? ""
        let kept =
            quality == .cosine
            ? "its embeddings have a mean cosine of \(ReportText.value(quality, run.qualities[quality])) with those of \(other)"
            : "\(quality == .probe ? "the" : "its") \(quality.title) is \(ReportText.value(quality, run.qualities[quality])), "
                + "\(ReportText.comparison(quality, change)) \(other)"
        let isCheaper = (share ?? 0) < 0.97
        let rest = report.runs.contains { ($0.macs ?? .infinity) < (run.macs ?? 0) }
        return "At \(run.name) \(cost)\(kept)."
            + (isCheaper || !rest ? "" : " Every cheaper budget loses more.")
    }

    /// Where the difference lies, over the same samples.
    private func interval(_ quality: Quality, _ run: ReportRun, _ reference: ReportRun) -> String {
        guard let records = report.records, let first = records.run(budget: reference.budget),
            let second = records.run(budget: run.budget), let a = quality.terms(first),
            let b = quality.terms(second),
            let found = Bootstrap().difference(a, b)
        else { return "\(ReportText.value(quality, run.qualities[quality]))" }
        let ends = [found.lower, found.upper].map {
            ReportText.difference(quality, $0).replacing(" points", with: "")
        }
        return "95 % interval \(ends[0]) to \(ends[1])"
    }

    private func tile(_ name: String, _ value: String, _ note: String) -> HTML {
        """
        <div class="tile"><strong>\(value)</strong> <span>\(name)</span><small>\(note)</small></div>
        """
    }

    private var circumstances: String {
        var parts: [String] = []
        if let count = report.sampleCount {
            let sizes = [
                report.meanTokenCount.map { "\(Markup.number($0, digits: 1)) tokens" },
                report.meanDuration.map { "\(Markup.number($0, digits: 1)) s" },
            ].compactMap { $0 }.joined(separator: " and ")
            parts.append("\(count) samples" + (sizes.isEmpty ? "" : " of \(sizes) on average"))
        }
        if let data = report.about["data"]?.stringValue {
            let split = report.about["split"]?.stringValue.map { ", split \($0)" } ?? ""
            parts.append("data \(URL(fileURLWithPath: data).lastPathComponent)\(split)")
        }
        if let model = report.about["model"]?.stringValue { parts.append("model \(model)") }
        if let dense = report.about["dense"]?.stringValue { parts.append("dense model \(dense)") }
        if let device = report.device { parts.append("measured on \(device)") }
        return parts.isEmpty ? "" : parts.joined(separator: " · ")
    }

    private func indefinite(_ noun: String) -> String {
        (noun.first.map { "aeiou".contains($0) } == true ? "an " : "a ") + noun
    }

    private func zip2(_ first: Double?, _ second: Double?) -> (Double, Double)? {
        guard let first, let second else { return nil }
        return (first, second)
    }
}
