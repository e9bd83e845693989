import AdaptiveComputation

/// What is wrong with a converted model, as far as its evaluation shows it.
struct FailureModes {
    /// One thing that is wrong, where, and what to do.
    struct Finding: Sendable, Equatable {
        let name: String
        /// A sentence without its end, which the places complete.
        let problem: String
        let places: [String]
        /// A sentence or two.
        let advice: String

        var text: String { "\(problem): \(places.joined(separator: "; ")). \(advice)" }
    }

    /// How far a load may be from the budget.
    static let budgetTolerance = 0.05
    /// Speeds nearer to the dense model's than this count as the same.
    static let timeTolerance = 0.03
    /// Loads of a module beyond these count as extreme where the whole model's load is between.
    static let usualLoads = 0.02...0.98

    /// - Parameters:
    ///   - report: whose runs are looked at.
    ///   - others: among them uniform-width cuts, which the runs must beat.
    static func find(_ report: EvaluationReport, among others: [EvaluationReport]) -> [Finding] {
        guard !report.isUniformCut else { return [] }
        let runs = report.runs.filter { $0.budget != nil }
        return [
            collapse(runs), extremes(runs), missedBudgets(runs), slowness(runs, report.dense),
            worseThanUniform(report, others.filter(\.isUniformCut)), drift(runs),
        ].compactMap { $0 }
    }

    private static func listed(_ items: [String], most: Int = 4) -> String {
        items.prefix(most).joined(separator: ", ")
            + (items.count > most ? " and \(items.count - most) more" : "")
    }

    private static func collapse(_ runs: [ReportRun]) -> Finding? {
        let found = runs.filter { !$0.collapsed.isEmpty }
        guard !found.isEmpty else { return nil }
        let parts = found.map { "at \($0.name) \(listed($0.collapsed))" }
        return Finding(
            name: "Gate collapse",
            problem: "Some gates give nearly every token the same choice", places: parts,
            advice: "Tokens are no longer told apart there; raise finetuning.entropyWeight or train longer.")
    }

    private static func extremes(_ runs: [ReportRun]) -> Finding? {
        let parts = runs.compactMap { run -> String? in
            guard let load = run.load, usualLoads.contains(load) else { return nil }
            let found = run.modules.filter { $0.tokenCount > 0 && !usualLoads.contains($0.load) }
                .map { "\($0.place) (load \(Markup.number($0.load, digits: 3)))" }
            return found.isEmpty ? nil : "at \(run.name) \(listed(found))"
        }
        guard !parts.isEmpty else { return nil }
        return Finding(
            name: "Extreme loads",
            problem: "Some modules run nearly all or nearly none of their learners", places: parts,
            advice: "A module that never runs could be removed, one that always runs all could stay dense.")
    }

    private static func missedBudgets(_ runs: [ReportRun]) -> Finding? {
        let parts = runs.compactMap { run -> String? in
            guard let budget = run.budget, let load = run.load, abs(load - budget) > budgetTolerance else {
                return nil
            }
            return "\(Markup.number(budget, digits: 2)) gives \(Markup.number(load, digits: 3))"
        }
        guard !parts.isEmpty else { return nil }
        return Finding(
            name: "Budget missed",
            problem: "The load is not the budget that was asked for", places: parts,
            advice: "Calibrate on data like these with acm calibrate.")
    }

    private static func slowness(_ runs: [ReportRun], _ dense: ReportRun?) -> Finding? {
        let parts = runs.compactMap { run -> String? in
            guard let speedup = ReportText.speedup(run, dense), speedup < 1 - timeTolerance else {
                return nil
            }
            return "\(run.name) takes \(Markup.number(1 / speedup, digits: 2)) times as long"
        }
        guard !parts.isEmpty else { return nil }
        return Finding(
            name: "Slower than dense",
            problem: "Some budgets save no time on this device", places: parts,
            advice:
                "Gates and uneven work cost more there than fewer learners save: try larger batches, or a lower budget."
        )
    }

    /// At equal cost, and where samples can be paired beyond chance.
    private static func worseThanUniform(_ report: EvaluationReport, _ cuts: [EvaluationReport]) -> Finding? {
        guard let quality = report.mainQuality else { return nil }
        let parts = cuts.flatMap { cut -> [String] in
            if let comparison = try? Comparison(cut, report, quality: quality, alignment: .cost) {
                return comparison.rows.filter { comparison.verdict($0) == .worse }.map { row in
                    text(quality, own: row.second.value, cut, row.first.value)
                }
            }
            return cut.runs.filter { $0.budget != nil }.compactMap { uniform in
                guard let cost = uniform.macs, let wanted = uniform.qualities[quality],
                    let own = quality.interpolated(report.runs.filter { $0.budget != nil }, at: cost)
                else { return nil }
                let change = quality.higherIsBetter ? own - wanted : wanted - own
                return change < 0 ? text(quality, own: own, cut, wanted) : nil
            }
        }
        guard !parts.isEmpty else { return nil }
        return Finding(
            name: "Below the uniform cut",
            problem:
                "At equal cost the \(quality.title) is worse than that of a model in which every token runs the "
                + "same", places: parts, advice: "The gates do not pay here.")
    }

    private static func text(_ quality: Quality, own: Double, _ cut: EvaluationReport, _ wanted: Double)
        -> String
    {
        "\(ReportText.value(quality, own)) where \(cut.name) has \(ReportText.value(quality, wanted))"
    }

    private static func drift(_ runs: [ReportRun]) -> Finding? {
        let parts = runs.compactMap { run -> String? in
            guard let drift = run.drift, drift > DriftMonitor.defaultThreshold else { return nil }
            return "\(run.name) by \(Markup.number(drift, digits: 3)) bits"
        }
        guard !parts.isEmpty else { return nil }
        return Finding(
            name: "Drift",
            problem: "Gates choose otherwise than on calibration data", places: parts,
            advice: "These data are of another kind; calibrate on them if they are what will come.")
    }
}

extension Quality {
    /// What runs give at a cost, between the nearest two in proportion; nil beyond the cheapest and the costliest,
    /// where a per cent does not count.
    func interpolated(_ runs: [ReportRun], at cost: Double) -> Double? {
        let points = runs.compactMap { run in
            run.macs.flatMap { x in run.qualities[self].map { (x: x, y: $0) } }
        }
        .sorted { $0.x < $1.x }
        if let near = points.min(by: { abs($0.x - cost) < abs($1.x - cost) }),
            abs(near.x - cost) <= 0.01 * cost
        {
            return near.y
        }
        guard let above = points.firstIndex(where: { $0.x > cost }), above > 0 else { return nil }
        let (last, next) = (points[above - 1], points[above])
        return last.y + (next.y - last.y) * (cost - last.x) / (next.x - last.x)
    }
}
