import Testing
import Torch

@testable import Evaluation

@Suite struct RobustnessResultTests {
    /// Errors of ten samples: dense 2 and 4, adaptive 3 and 4 of fog and snow.
    private let result = RobustnessResult(
        cells: [
            cell(nil, nil, errors: 1), cell(nil, 0.5, errors: 2), cell("fog", nil, errors: 2),
            cell("fog", 0.5, errors: 3), cell("snow", nil, errors: 4), cell("snow", 0.5, errors: 4),
        ], about: ["model": "m"])

    private static func cell(_ corruption: String?, _ budget: Double?, errors: Int) -> RobustnessResult.Cell {
        .init(
            corruption: corruption, severity: corruption == nil ? 0 : 1, budget: budget, sampleCount: 10,
            errorCount: errors, load: budget ?? 1, drift: budget == nil ? nil : 0.1,
            isAlarm: corruption == "snow" && budget != nil)
    }

    @Test func meansByHand() throws {
        #expect(
            result.corruptions == ["fog", "snow"] && result.severities == [1]
                && result.budgets == [Double?.none, 0.5])
        #expect(abs((result.meanError(budget: 0.5) ?? 0) - 0.35) < 1e-12)
        #expect(abs((result.meanCorruptionError(budget: 0.5) ?? 0) - (1.5 + 1) / 2) < 1e-12)
        #expect(result.meanCorruptionError(budget: nil) == 1)
        #expect(
            RobustnessResult(cells: result.cells.filter { $0.budget != nil }).meanCorruptionError(budget: 0.5)
                == nil)
        #expect(
            result.table.rows[1] == ["0.50", "0.2000", "0.3500", "1.250", "0.500", "0.500", "0.1000", "1/2"])
    }

    @Test func aFileGivesTheSame() throws {
        let again = try RobustnessResult(
            JSONObjectReader(JSONValue(parsing: result.json.text()), source: "robustness.json"))
        #expect(again == result)
    }

    @Test func thePageShowsCurvesAndTables() throws {
        let fixture = try ReportFixture()
        defer { fixture.remove() }
        try result.json.write(to: fixture.folder.appendingPathComponent(RobustnessResult.fileName))
        let report = try fixture.report()
        let html = RobustnessSection(report, isAlone: true).html.text
        #expect(BalancedMarkup.problem(html) == nil)
        #expect(html.contains("Error by severity") && html.contains("40.0!"))
        #expect(report.problems == ["robustness.json is of another model, m."])
    }
}
