import Foundation
import Torch

extension Comparison {
    /// What a row says of the second evaluation.
    public enum Verdict: String, Sendable {
        case better, worse, undecided
    }

    /// Better or worse where 0 lies outside the interval of the difference.
    public func verdict(_ row: Row) -> Verdict {
        guard row.difference.excludesZero else { return .undecided }
        return (row.difference.estimate > 0) == quality.higherIsBetter ? .better : .worse
    }

    /// A row for each pair, and below it what follows.
    public var text: String {
        var table = ColumnTable(
            header: ["pair", "first", "second", "difference", "95 %", "p", "MMACs", "MMACs", "second is"])
        for row in rows {
            table.add([
                row.name, ReportText.value(quality, row.first.value),
                ReportText.value(quality, row.second.value),
                ReportText.difference(quality, row.difference.estimate),
                "\(ReportText.difference(quality, row.difference.lower)) … \(ReportText.difference(quality, row.difference.upper))",
                row.test.map { Self.probability($0.probability) } ?? "–",
                Markup.number(row.first.macs.map { $0 / 1e6 }, digits: 1),
                Markup.number(row.second.macs.map { $0 / 1e6 }, digits: 1), verdict(row).rawValue,
            ])
        }
        return """
            \(quality.title) of \(first.name) (first) and \(second.name) (second), \(sampleCount) paired samples

            \(table.text)

            \(conclusion)
            """
    }

    private static func probability(_ value: Double) -> String {
        value < 0.001 ? "<0.001" : Markup.number(value, digits: 3)
    }

    /// A sentence or two that a person can act on.
    public var conclusion: String {
        let verdicts = rows.map(verdict)
        let names = { (wanted: Verdict) in
            zip(self.rows, verdicts).filter { $0.1 == wanted }.map(\.0.name).joined(separator: ", ")
        }
        var sentences: [String] = []
        if verdicts.contains(.better) { sentences.append("The second is better at \(names(.better)).") }
        if verdicts.contains(.worse) { sentences.append("The second is worse at \(names(.worse)).") }
        if verdicts.contains(.undecided) {
            let most =
                zip(rows, verdicts).filter { $0.1 == .undecided }.map { row, _ in
                    max(abs(row.difference.lower), abs(row.difference.upper))
                }.max() ?? 0
            sentences.append(
                "No difference is seen at \(names(.undecided)): if there is one, it is most likely below "
                    + ReportText.difference(quality, most).drop { "+−±".contains($0) } + ".")
        }
        let unequal = rows.compactMap { row -> Double? in
            guard let a = row.first.macs, let b = row.second.macs, a > 0 else { return nil }
            return b / a
        }.filter { abs($0 - 1) > 0.02 }
        if alignment == .budget, let most = unequal.max(by: { abs($0 - 1) < abs($1 - 1) }) {
            sentences.append(
                "Mind the cost: the second takes up to \(Markup.number(most, digits: 2)) of the first's "
                    + "multiply-accumulates; --at cost compares at equal cost.")
        }
        return sentences.joined(separator: " ")
    }

    /// Keys: `format` (1), `first`, `second` (folders), `measure`, `at` (budget or cost), `samples`, `conclusion`,
    /// and `rows`: `name`, `first` and `second` (`name`, `budget`, null for a dense model or between two, `macs`,
    /// `value`), `difference` (see ``Interval/json``), `mcnemar` (null, or see ``McNemar/json``), `verdict`.
    public var json: JSONValue {
        func side(_ side: Side) -> JSONValue {
            [
                "name": .string(side.name), "budget": side.budget.map { .number($0) } ?? .null,
                "macs": side.macs.map { .number($0) } ?? .null, "value": .number(side.value),
            ]
        }
        return [
            "format": 1, "first": .string(first.place), "second": .string(second.place),
            "measure": .string(quality.rawValue), "at": .string(alignment.rawValue),
            "samples": .integer(sampleCount), "conclusion": .string(conclusion),
            "rows": .array(
                rows.map { row in
                    [
                        "name": .string(row.name), "first": side(row.first), "second": side(row.second),
                        "difference": row.difference.json, "mcnemar": row.test?.json ?? .null,
                        "verdict": .string(verdict(row).rawValue),
                    ]
                }),
        ]
    }
}
