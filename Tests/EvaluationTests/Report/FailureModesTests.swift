import Testing
import Torch

@testable import Evaluation

@Suite struct FailureModesTests {
    private func found(_ change: (inout JSONObject) -> Void) throws -> [String: String] {
        let fixture = try ReportFixture(change: change)
        defer { fixture.remove() }
        let report = try fixture.report()
        return Dictionary(
            uniqueKeysWithValues: FailureModes.find(report, among: [report]).map { ($0.name, $0.text) })
    }

    /// The results with keys of the second run changed.
    private func changing(_ changes: [String: JSONValue]) -> (inout JSONObject) -> Void {
        { results in
            guard case .array(var budgets) = results["budgets"], case .object(var run) = budgets[1] else {
                return
            }
            for (key, value) in changes { run[key] = value }
            budgets[1] = .object(run)
            results["budgets"] = .array(budgets)
        }
    }

    @Test func aSoundModelHasNone() throws {
        #expect(try found { _ in } == [:])
    }

    @Test func eachIsNamed() throws {
        #expect(
            try found(changing(["collapsed": ["blocks.0.feedForward"]]))["Gate collapse"]?
                .contains("at budget 0.50 blocks.0.feedForward") == true)
        #expect(
            try found(
                changing(["modules": [["place": "blocks.3.feedForward", "histogram": [100, 0, 0]]]]))[
                    "Extreme loads"]?
                .contains("blocks.3.feedForward (load 0.000)") == true)
        #expect(try found(changing(["load": 0.7]))["Budget missed"]?.contains("0.50 gives 0.700") == true)
        #expect(
            try found(changing(["milliseconds_per_sample": 3.0]))["Slower than dense"]?
                .contains("budget 0.50 takes 1.50 times as long") == true)
        #expect(
            try found(changing(["drift": ["divergence_bits": 0.02]]))["Drift"]?.contains("0.020 bits") == true
        )
    }

    /// The conversion has half right at 0.6 MMACs, the cut three quarters.
    @Test func theUniformCutIsTheBar() throws {
        let model = try ReportFixture()
        let cut = try ReportFixture(rightOf: [1: 3]) { results in
            results["about"] = ["model": "cut", "kind": "uniform"]
            results["dense"] = nil
            results["budgets"] = [["budget": 1, "load": 1, "macs": 6e5]]
        }
        defer {
            model.remove()
            cut.remove()
        }
        let reports = [try model.report(), try cut.report()]
        let names = FailureModes.find(reports[0], among: reports)
        #expect(names.map(\.name) == ["Below the uniform cut"])
        #expect(names.first?.text.contains("50.0 % where cut has 75.0 %") == true)
        #expect(FailureModes.find(reports[1], among: reports).isEmpty)
    }

    @Test func betweenRunsQualityIsInProportion() {
        func run(_ macs: Double, _ value: Double) -> ReportRun {
            ReportRun(budget: 0.5, macs: macs, qualities: [.top1: value])
        }
        let runs = [run(10, 0.5), run(20, 0.7)]
        #expect(abs((Quality.top1.interpolated(runs, at: 15) ?? 0) - 0.6) < 1e-12)
        #expect(
            Quality.top1.interpolated(runs, at: 10) == 0.5 && Quality.top1.interpolated(runs, at: 20) == 0.7)
        #expect(
            Quality.top1.interpolated(runs, at: 9) == nil && Quality.top1.interpolated(runs, at: 21) == nil)
    }
}
