/// Whether a requirement is met, and what was found.
public struct RequirementOutcome: Sendable, Equatable {
    public let isMet: Bool
    /// A sentence.
    public let text: String

    /// - Parameter found: for each run that was asked its name and number.
    init(_ requirement: Requirement, _ found: [(name: String, value: Double)]) {
        let failed = found.filter { !requirement.relation.holds($0.value, requirement.bound) }
        isMet = failed.isEmpty
        let shown = (failed.isEmpty ? found : failed).map {
            "\(Markup.number($0.value, digits: 4)) at \($0.name)"
        }
        text =
            "The requirement \"\(requirement.text)\" is \(failed.isEmpty ? "met" : "not met"): "
            + shown.joined(separator: ", ") + "."
    }
}

extension Requirement {
    /// Asks the runs of an evaluation.
    ///
    /// - Throws: ``EvaluationError/mismatch(_:)`` where the evaluation has no such run or number.
    public func check(_ report: EvaluationReport) throws -> RequirementOutcome {
        guard !isDifference else {
            throw EvaluationError.mismatch(
                "\"\(text)\" asks for a difference, which two evaluations have: acm compare")
        }
        // A dense model alone has no budgets.
        let isDense = place == .everyBudget && !report.runs.contains { $0.budget != nil }
        let runs = report.runs.filter { isDense || matches($0.budget) }
        guard !runs.isEmpty else {
            throw EvaluationError.mismatch(
                "\"\(text)\" asks for a run that is not there: found \(report.runs.map(\.name).joined(separator: ", "))"
            )
        }
        return try RequirementOutcome(
            self,
            runs.map { run in
                guard let value = value(run, report.dense), value.isFinite else {
                    throw EvaluationError.mismatch(
                        "\"\(text)\" asks for a number that \(run.name) does not have")
                }
                return (run.name, value)
            })
    }

    private func value(_ run: ReportRun, _ dense: ReportRun?) -> Double? {
        switch subject {
        case .quality(let quality):
            isSure ? run.intervals[quality].map(asked) : run.qualities[quality]
        case .figure(.ece): run.calibrationError
        case .figure(.load): run.load
        case .figure(.macs): run.macs
        case .figure(.share): run.macs.flatMap { macs in dense?.macs.map { macs / max($0, 1) } }
        case .figure(.ms): run.milliseconds
        case .figure(.speedup): ReportText.speedup(run, dense)
        case .figure(.drift): run.drift
        }
    }

    /// Asks the rows of a comparison: for a difference, or for what the second evaluation has.
    ///
    /// - Throws: ``EvaluationError/mismatch(_:)`` where there is no such row or number.
    public func check(_ comparison: Comparison) throws -> RequirementOutcome {
        guard isDifference else { return try check(comparison.second) }
        guard subject == .quality(comparison.quality) else {
            throw EvaluationError.mismatch(
                "\"\(text)\" asks for another measure than the compared one, \(comparison.quality.rawValue)")
        }
        let rows = comparison.rows.filter { place == .everyBudget || matches($0.first.budget) }
        guard !rows.isEmpty else {
            throw EvaluationError.mismatch(
                "\"\(text)\" asks for a pair that is not there: found "
                    + comparison.rows.map(\.name).joined(separator: ", "))
        }
        return RequirementOutcome(self, rows.map { ($0.name, asked($0.difference)) })
    }
}
