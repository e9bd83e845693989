import Foundation
import Torch

/// One page that shows one or several evaluations; it loads nothing else.
///
/// Figures are drawn from sums and counts, so that the page's size does not grow with the samples.
public struct ReportPage: Sendable {
    public var title: String
    let reports: [EvaluationReport]

    /// - Parameters:
    ///   - reports: in the order in which they are shown; those of one name get their folders' names too.
    ///   - title: the page's heading; nil takes the names of the reports.
    public init(_ reports: [EvaluationReport], title: String? = nil) {
        var named = reports
        for index in named.indices where reports.count(where: { $0.name == reports[index].name }) > 1 {
            named[index].name += " (\(URL(fileURLWithPath: reports[index].place).lastPathComponent))"
        }
        self.reports = named
        self.title = title ?? named.map(\.name).joined(separator: " · ")
    }

    /// Writes the page, whole or not at all.
    ///
    /// - Throws: `FileError`.
    public func write(to url: URL) throws {
        try AtomicFile.write(Data((html + "\n").utf8), to: url)
    }

    /// The whole document.
    public var html: String {
        let frontier = FrontierSection(reports)
        let parts = [
            problems, HTML.joined(reports.map { HeadlineSection($0, in: reports).html }),
            frontier.html, FailureSection(reports).html, runTable,
            HTML.joined(reports.map { ComputeSection($0, isAlone: reports.count == 1).html }),
            HTML.joined(reports.map { SampleSection($0, isAlone: reports.count == 1).html }),
            HTML.joined(reports.map { RobustnessSection($0, isAlone: reports.count == 1).html }),
        ]
        return Page.html(title: title, body: HTML.joined(parts.filter { $0 != .nothing }).text)
    }

    private var problems: HTML {
        let found = reports.flatMap { report in report.problems.map { "\(report.name): \($0)" } }
        guard !found.isEmpty else { return .nothing }
        return """
            <section class="notice" aria-label="What is missing"><h2>This report is partial</h2><ul>
            \(HTML.joined(found.map { "<li>\($0)</li>" }))
            </ul></section>
            """
    }

    /// All runs of all reports with all that was measured of them.
    private var runTable: HTML {
        let all = reports.flatMap { report in report.runs.map { (report, $0) } }
        guard !all.isEmpty else { return .nothing }
        let qualities = Quality.allCases.filter { quality in
            all.contains { $0.1.qualities[quality] != nil && !(quality == .cosine && $0.1.budget == nil) }
        }
        let isTimed = all.contains { $0.1.milliseconds != nil }
        let isHeard = isTimed && all.contains { $0.0.meanDuration != nil }
        let isCalibrated = all.contains { $0.1.calibrationError != nil }
        let drifts = all.contains { $0.1.drift != nil }
        let isLarge = all.contains { ($0.1.macs ?? 0) >= 1e9 }
        var header: [HTML] = ["run", "load", isLarge ? "GMACs" : "MMACs"]
        header += qualities.map { "\($0.title)" }
        header += (isCalibrated ? ["calibration error"] : []) + (isTimed ? ["ms", "× dense"] : [])
        header += isHeard ? ["real-time factor"] : []
        header += drifts ? ["drift, bits"] : []
        let rows = all.map { report, run -> [HTML] in
            var cells: [HTML] = [
                reports.count > 1 ? "\(report.name), \(run.name)" : "\(run.name)",
                "\(run.budget == nil ? "–" : Markup.number(run.load, digits: 3))",
                "\(Markup.number(run.macs.map { $0 / (isLarge ? 1e9 : 1e6) }, digits: isLarge ? 2 : 1))",
            ]
            cells += qualities.map { ReportText.cell($0, run) }
            if isCalibrated { cells.append("\(Markup.number(run.calibrationError, digits: 4))") }
            if isTimed {
                cells.append("\(Markup.number(run.milliseconds, digits: 3))")
                cells.append("\(Markup.number(ReportText.speedup(run, report.dense), digits: 2))")
            }
            if isHeard { cells.append("\(Markup.number(report.realTimeFactor(run), digits: 3))") }
            if drifts { cells.append("\(Markup.number(run.drift, digits: 4))") }
            return cells
        }
        let confidence = reports.contains { $0.records != nil }
        return """
            <section><h2>All runs</h2>
            \(HTML.table(header, rows))
            <p class="note">\(confidence ? "Small numbers: 95 % intervals, from 1,000 bootstrap draws of the samples. " : "")\
            \(isLarge ? "GMACs: billions" : "MMACs: millions") of multiply-accumulates of one sample.\
            \(isHeard ? " Real-time factor: seconds that a second of sound takes." : "")</p></section>
            """
    }
}
