/// Quality against compute, and against time where it was measured: all runs of all reports.
struct FrontierSection {
    private let reports: [EvaluationReport]

    init(_ reports: [EvaluationReport]) { self.reports = reports }

    private enum Axis {
        case macs(Double, String)
        case time
        /// For reports that were timed at different moments.
        case shareOfDenseTime

        func value(_ run: ReportRun, _ dense: ReportRun?) -> Double? {
            switch self {
            case .macs(let unit, _): run.macs.map { $0 / unit }
            case .time: run.milliseconds
            case .shareOfDenseTime: ReportText.speedup(run, dense).map { 1 / $0 }
            }
        }

        var name: String {
            switch self {
            case .macs: "multiply-accumulates"
            case .time: "measured time"
            case .shareOfDenseTime: "measured time, as a share of the dense model's"
            }
        }

        var title: String {
            switch self {
            case .macs(_, let name): "\(name) multiply-accumulates a sample"
            case .time: "milliseconds a sample"
            case .shareOfDenseTime: "share of the dense model's time"
            }
        }
    }

    var html: HTML {
        let qualities = [
            Quality.top1, .top5, .wordErrorRate, .characterErrorRate, .spearman, .probe, .cosine, .neighbours,
        ].filter { quality in
            reports.contains {
                $0.runs.contains {
                    $0.qualities[quality] != nil && ($0.budget != nil || quality.denseValue == nil)
                }
            }
        }
        let macs = reports.flatMap(\.runs).compactMap(\.macs).max() ?? 0
        let compute: Axis = macs >= 1e9 ? .macs(1e9, "billion") : .macs(1e6, "million")
        let time: Axis = reports.count > 1 ? .shareOfDenseTime : .time
        let plots = qualities.flatMap { quality in
            [plot(quality, compute), quality == qualities.first ? plot(quality, time) : nil]
        }.compactMap { $0 }
        guard !plots.isEmpty else { return .nothing }
        return """
            <section><h2>Quality against compute</h2>
            <div class="figures">\(HTML.joined(plots))</div>
            <p class="note">Numbers beside points are budgets; bars are 95 % intervals over the samples; the ring is the \
            dense model.</p></section>
            """
    }

    private func plot(_ quality: Quality, _ axis: Axis) -> HTML? {
        let scale = quality.isShare ? 100.0 : 1
        func point(_ run: ReportRun, _ report: EvaluationReport, _ label: String) -> LinePlot.Point? {
            guard let x = axis.value(run, report.dense), let y = run.qualities[quality] else { return nil }
            let range = run.budget == nil && quality.denseValue != nil ? nil : run.intervals[quality]
            return .init(
                x: x, y: y * scale,
                range: range.map { min($0.lower, $0.upper) * scale...max($0.lower, $0.upper) * scale },
                label: label)
        }
        let several = reports.count > 1
        var series: [LinePlot.Series] = []
        for (colour, report) in reports.enumerated() {
            let adaptive = report.runs.filter { $0.budget != nil }
            let points = adaptive.compactMap { run in
                point(
                    run, report,
                    reports.count > 3 || report.isUniformCut ? "" : Markup.number(run.budget, digits: 2))
            }
            if !points.isEmpty {
                series.append(.init(name: several ? report.name : "", points: points, colour: colour))
            }
            guard let dense = report.dense.flatMap({ point($0, report, "") }) else { continue }
            // Reports of one dense model show it once.
            let isKnown = series.contains { $0.isReference && $0.points == [dense] }
            let name = several && adaptive.isEmpty ? report.name : "dense"
            if !isKnown {
                series.append(
                    .init(
                        name: name, points: [dense], colour: several && adaptive.isEmpty ? colour : 5,
                        isReference: true))
            }
        }
        guard !series.isEmpty else { return nil }
        let plot = LinePlot(
            title: "\(quality.title) against \(axis.title)", xTitle: axis.title,
            yTitle: quality.title + (quality.isShare ? ", %" : ""), series: series)
        let better = quality.higherIsBetter ? "up" : "down"
        return .figure(
            HTML(markup: plot.svg),
            "\(quality.title.capitalizedFirst) by \(axis.name); better is \(better) and left.")
    }
}

extension String {
    var capitalizedFirst: String { prefix(1).uppercased() + dropFirst() }
}
