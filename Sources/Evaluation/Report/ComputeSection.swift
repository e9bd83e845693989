/// Where the compute went: by module, and by how much samples got.
struct ComputeSection {
    private let report: EvaluationReport
    private let isAlone: Bool

    init(_ report: EvaluationReport, isAlone: Bool) {
        self.report = report
        self.isAlone = isAlone
    }

    private var runs: [ReportRun] { report.runs.filter { $0.budget != nil && !$0.modules.isEmpty } }

    /// The run that is looked at closer: that of the headline, or the one nearest half the load.
    private var shown: ReportRun? {
        let chosen = HeadlineSection.chosen(report)?.run
        if let chosen, !chosen.modules.isEmpty, (chosen.budget ?? 1) < 1 { return chosen }
        return runs.min { abs(($0.load ?? 1) - 0.5) < abs(($1.load ?? 1) - 0.5) }
    }

    var html: HTML {
        guard let shown else { return .nothing }
        let title = "Where the compute went" + (isAlone ? "" : ": \(report.name)")
        let others = runs.filter { $0.budget != shown.budget }
        return """
            <section><h2>\(title)</h2>
            \(loadTable)
            <h3>Learners that tokens ran at \(shown.name)</h3>
            \(choices(shown))
            \(others.isEmpty ? .nothing : HTML.details("The same at other budgets", HTML.joined(others.map { "<h3>At \($0.name)</h3>\n\(choices($0))" })))
            \(samples)
            </section>
            """
    }

    /// The load of each module at each budget.
    private var loadTable: HTML {
        let places = runs.first?.modules.map(\.place) ?? []
        let header: [HTML] = ["module"] + runs.map { "\($0.name)" }
        let rows = places.map { place -> [HTML] in
            let cells = runs.map { run -> HTML in
                guard let module = run.modules.first(where: { $0.place == place }) else { return "–" }
                return "<span class=\"heat\" style=\"--share: \(module.load, 3)\">\(module.load, 2)</span>"
            }
            return ["\(place)"] + cells
        }
        let table = HTML.table(header, rows)
        let intro: HTML = "<h3>Load of each module</h3>"
        return rows.count > 14
            ? "\(intro)\n\(HTML.details("\(rows.count) modules", table))" : "\(intro)\n\(table)"
    }

    private func choices(_ run: ReportRun) -> HTML {
        let kinds = run.modules.map(\.kind).reduce(into: [String]()) { if !$0.contains($1) { $0.append($1) } }
        let figures = kinds.map { kind -> HTML in
            let modules = run.modules.filter { $0.kind == kind && $0.tokenCount > 0 }
            let bars = ChoiceBars(
                title: "Choices of \(ReportText.words(kind)) modules at \(run.name)",
                rows: modules.map { module in
                    .init(
                        name: module.block.map { "block \($0)" } ?? module.place, histogram: module.histogram,
                        load: module.load)
                })
            return .figure(
                HTML(markup: bars.svg),
                "\(ReportText.words(kind).capitalizedFirst): share of the tokens by the number "
                    + "of learners that they ran; at the right the load.")
        }
        return "<div class=\"figures\">\(HTML.joined(figures))</div>"
    }

    /// How loads are distributed over samples, and whether costly samples are the hard ones.
    private var samples: HTML {
        guard let records = report.records else { return .nothing }
        let adaptive = records.runs.filter { ($0.budget ?? 1) < 1 }
        let series = adaptive.enumerated().compactMap { colour, run -> LinePlot.Series? in
            guard let loads = run.values[.load], !loads.isEmpty else { return nil }
            return .init(
                name: Markup.number(run.budget, digits: 2), points: SampleLoadHistogram.points(loads),
                colour: colour)
        }
        guard !series.isEmpty else { return .nothing }
        let plot = LinePlot(
            title: "Samples by their load", xTitle: "load of a sample", yTitle: "samples, %", series: series,
            xMust: [0, 1], hasMarks: false)
        return """
            <h3>Loads of samples</h3>
            <div class="figures">
            \(HTML.figure(HTML(markup: plot.svg), "How many samples got which load, by budget."))
            \(quarters(records))
            </div>
            """
    }

    /// Quality of the samples that got little and of those that got much.
    private func quarters(_ records: SampleRecords) -> HTML {
        guard let budget = shown?.budget, let run = records.run(budget: budget),
            let quality = report.mainQuality,
            let quarters = LoadQuarters(run, dense: records.run(budget: nil), quality)
        else { return .nothing }
        let hasDense = quarters.rows.contains { $0.dense != nil }
        let header: [HTML] =
            ["samples", "load", "\(quality.title)"] + (hasDense ? ["dense"] : [])
        let rows = quarters.rows.map { row -> [HTML] in
            ["\(row.name)", "\(row.load, 3)", "\(ReportText.value(quality, row.value))"]
                + (hasDense ? ["\(ReportText.value(quality, row.dense))"] : [])
        }
        return """
            <div class="beside"><p>At budget \(budget, 2), the samples by the load that they got: gates that know what is hard \
            give more to samples on which the dense model does worse.</p>
            \(HTML.table(header, rows))</div>
            """
    }
}
