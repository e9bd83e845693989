/// How runs do on corrupted images.
struct RobustnessSection {
    private let report: EvaluationReport
    private let isAlone: Bool

    init(_ report: EvaluationReport, isAlone: Bool) {
        self.report = report
        self.isAlone = isAlone
    }

    var html: HTML {
        guard let result = report.robustness, !result.corruptions.isEmpty else { return .nothing }
        let title = "Corrupted images" + (isAlone ? "" : ": \(report.name)")
        let summary = result.table
        let rows = summary.rows.map { $0.map { cell -> HTML in "\(cell)" } }
        return """
            <section><h2>\(title)</h2>
            \(HTML.table(summary.header.map { "\($0)" }, rows))
            <p class="note">Means over all corruptions and severities. mCE: mean corruption error, the error of a run over that of the dense model, mean over corruptions; \
            below 1 the run suffers less. Drift in bits; alarms of the drift guard by kinds of images.</p>
            <div class="figures">\(curves(result))</div>
            \(errorTable(result))
            </section>
            """
    }

    private func name(_ budget: Double?) -> String { budget.map { Markup.number($0, digits: 2) } ?? "dense" }

    /// Mean over corruptions by severity: error and load.
    private func curves(_ result: RobustnessResult) -> HTML {
        func series(
            _ budgets: [Double?], _ value: @escaping (RobustnessResult.Cell) -> Double?
        ) -> [LinePlot.Series] {
            budgets.map { budget in
                let points = ([0] + result.severities).compactMap { severity -> LinePlot.Point? in
                    let found = result.cells.filter { $0.budget == budget && $0.severity == severity }
                        .compactMap(value)
                    guard !found.isEmpty else { return nil }
                    return .init(x: Double(severity), y: found.reduce(0, +) / Double(found.count))
                }
                let place = result.budgets.filter { $0 != nil }.firstIndex { $0 == budget } ?? 0
                return .init(
                    name: name(budget), points: points, colour: budget == nil ? 5 : place,
                    isReference: budget == nil)
            }
        }
        let adaptive = result.budgets.filter { $0 != nil }
        let error = LinePlot(
            title: "Error by severity", xTitle: "severity, 0 is clean", yTitle: "top-1 error, %",
            series: series(result.budgets) { 100 * $0.error }, xMust: [0, 5])
        let load = LinePlot(
            title: "Load by severity", xTitle: "severity, 0 is clean", yTitle: "load",
            series: series(adaptive) { $0.load }, xMust: [0, 5])
        let drift = LinePlot(
            title: "Drift by severity", xTitle: "severity, 0 is clean", yTitle: "drift, bits",
            series: series(adaptive) { $0.drift }, xMust: [0, 5])
        var figures: [HTML] = [
            .figure(HTML(markup: error.svg), "Top-1 error, mean over the corruptions.")
        ]
        if !adaptive.isEmpty {
            figures.append(
                .figure(HTML(markup: load.svg), "Load that the gates chose, mean over the corruptions."))
        }
        if result.cells.contains(where: { $0.drift != nil }) {
            figures.append(
                .figure(HTML(markup: drift.svg), "Drift from calibration data, mean over the corruptions."))
        }
        return .joined(figures)
    }

    /// Error by corruption, mean over severities, in each run; below it all severities.
    private func errorTable(_ result: RobustnessResult) -> HTML {
        let highest = max(result.cells.map(\.error).max() ?? 0, 1e-9)
        func cell(_ value: Double?, alarm: Bool = false) -> HTML {
            guard let value else { return "–" }
            return """
                <span class="heat" style="--share: \(value / highest, 3)">\(100 * value, 1)\(alarm ? "!" : "")</span>
                """
        }
        func mean(_ corruption: String, _ budget: Double?) -> Double? {
            let found = result.severities.compactMap { result.cell(corruption, $0, budget: budget)?.error }
            return found.isEmpty ? nil : found.reduce(0, +) / Double(found.count)
        }
        let header: [HTML] = ["top-1 error, %"] + result.budgets.map { "\(name($0))" }
        let means = result.corruptions.map { corruption -> [HTML] in
            ["\(corruption.replacing("_", with: " "))"] + result.budgets.map { cell(mean(corruption, $0)) }
        }
        let all = result.corruptions.flatMap { corruption in
            result.severities.map { severity -> [HTML] in
                ["\(corruption.replacing("_", with: " ")) \(severity)"]
                    + result.budgets.map { budget in
                        let found = result.cell(corruption, severity, budget: budget)
                        return cell(found?.error, alarm: found?.isAlarm == true)
                    }
            }
        }
        return """
            <h3>Error by corruption, mean over severities</h3>
            \(HTML.table(header, means))
            \(HTML.details("Every severity; ! marks an alarm of the drift guard", HTML.table(header, all)))
            """
    }
}
