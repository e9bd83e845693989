import Testing
import Torch

@testable import Evaluation

@Suite struct ComparisonTests {
    private func comparison(
        _ first: [Double: Int], _ second: [Double: Int], at alignment: Comparison.Alignment = .budget,
        samples: Int = 40
    ) throws -> Comparison {
        let fixtures = [
            try ReportFixture(sampleCount: samples, rightOf: first),
            try ReportFixture(sampleCount: samples, rightOf: second),
        ]
        defer { for fixture in fixtures { fixture.remove() } }
        return try Comparison(fixtures[0].report(), fixtures[1].report(), alignment: alignment)
    }

    /// Ten of forty samples are right in the first alone: p = 2 / 2¹⁰.
    @Test func equalBudgets() throws {
        let found = try comparison([1: 3, 0.5: 2], [1: 3, 0.5: 1, 0.25: 1])
        #expect(found.rows.map(\.name) == ["budget 1.00", "budget 0.50"] && found.sampleCount == 40)
        let worse = found.rows[1]
        #expect(worse.difference.estimate == -0.25 && worse.difference.upper < 0)
        #expect(worse.test == McNemar(firstAlone: 10, secondAlone: 0))
        #expect(found.rows.map(found.verdict) == [.undecided, .worse])
        #expect(found.conclusion.contains("The second is worse at budget 0.50."))
        #expect(found.conclusion.contains("No difference is seen at budget 1.00"))
        #expect(found.text.contains("−25.0 points"))
        #expect(try Requirement("difference top1>=-0.1 at budget 1").check(found).isMet)
        #expect(try !Requirement("difference top1>=-0.1").check(found).isMet)
        #expect(try Requirement("top1>=0.75 at budget 1").check(found).isMet)
        #expect(throws: EvaluationError.self) { try Requirement("difference wer<0").check(found) }
        #expect(
            found.json.objectValue?.keys == [
                "format", "first", "second", "measure", "at", "samples", "conclusion", "rows",
            ])
    }

    /// Costs are 0.2 + 0.8 · budget: 0.75 lies halfway between 0.5 and 1, where one and three of four are right.
    @Test func equalCost() throws {
        let found = try comparison([0.75: 2], [0.5: 1, 1: 3], at: .cost)
        #expect(found.rows.count == 1)
        let row = found.rows[0]
        #expect(row.second.name == "between budget 0.50 and budget 1.00" && row.test == nil)
        #expect(abs(row.second.value - 0.5) < 1e-9 && abs(row.difference.estimate) < 1e-9)
        #expect(try comparison([0.5: 2], [0.5: 3], at: .cost).rows[0].test != nil)
        #expect(throws: EvaluationError.self) { try comparison([0.25: 2], [0.5: 1, 1: 3], at: .cost) }
    }

    @Test func otherDataAreRefused() throws {
        let fixtures = [try ReportFixture(), try ReportFixture(fingerprint: 8)]
        defer { for fixture in fixtures { fixture.remove() } }
        do {
            _ = try Comparison(fixtures[0].report(), fixtures[1].report())
            Issue.record("compared")
        } catch {
            #expect(error.localizedDescription.contains("are evaluations of other data"))
        }
        #expect(throws: EvaluationError.self) { try comparison([1: 2], [0.5: 2]) }
    }
}
