import AdaptiveComputation
import Testing
import Torch
import Transformers

@testable import Evaluation

@Suite struct FigureTests {
    private let result = EvaluationResult(
        sampleCount: 10, meanTokenCount: 12.5, device: .cpu, denseMacs: 2e6, denseProbeAccuracy: 0.9,
        denseClasses: nil,
        budgets: [0.25, 1].map { budget in
            BudgetResult(
                budget: budget, load: budget, macs: 2e6 * budget, meanCosine: 0.9, neighbourAgreement: 0.8,
                probeAccuracy: 0.85, classes: nil, millisecondsPerSample: 1,
                denseMillisecondsPerSample: 2,
                modules: [
                    ModuleLoad(
                        place: SlotPlace(block: 0, kind: .feedForward), learnerCost: 1, learnerCount: 2)
                ])
        })

    @Test func textsAreEscaped() {
        #expect(Markup.escaped("<a & \"b\" 'c'>") == "&lt;a &amp; &quot;b&quot; &#39;c&#39;&gt;")
        #expect(Markup.escaped("\u{1}") == "\u{FFFD}")
        #expect(Markup.number(nil, digits: 2) == "–")
        #expect(Markup.number(.nan, digits: 2) == "–")
    }

    @Test(arguments: [
        ([0.0, 1.0], ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]),
        ([0.91, 0.99], ["0.90", "0.92", "0.94", "0.96", "0.98", "1.00"]),
        ([0, 100], ["0", "20", "40", "60", "80", "100"]),
    ])
    func ticksAreRound(_ values: [Double], _ labels: [String]) {
        let scale = AxisScale(covering: values)
        #expect(scale.ticks.map(scale.label) == labels)
    }

    @Test func anAxisOfOneValueHasWidth() {
        let scale = AxisScale(covering: [0.5])
        #expect(scale.range.contains(0.5) && scale.ticks.count > 1)
        #expect(AxisScale(covering: [.nan]).ticks.count > 1)
    }

    @Test func thePlotIsWellFormed() {
        var plot = FrontierPlot(result, title: "a < b & \"c\"")
        plot.points.append(FrontierPoint(compute: .nan, quality: 1, label: "left out"))
        let svg = plot.svg
        #expect(BalancedMarkup.problem(svg) == nil)
        #expect(svg.contains("a &lt; b &amp; &quot;c&quot;"))
        #expect(svg.contains("prefers-color-scheme: dark") && svg.contains("class=\"dense\""))
        #expect(!svg.contains("left out") && !svg.lowercased().contains("nan"))
        #expect(
            BalancedMarkup.problem(
                FrontierPlot(title: "", computeTitle: "", qualityTitle: "", points: []).svg) == nil)
    }

    @Test func thePageIsWellFormedAndLoadsNothing() throws {
        let sample = try TokenLoads(budget: 0.25, tokens: ["<b>", "##&"], loads: [0.1, 0.4])
        let report = DemoReport(
            title: "<script>", summary: "a & b", result: result, samples: [sample])
        let html = report.html
        #expect(BalancedMarkup.problem(html) == nil)
        #expect(!html.contains("<script") && html.contains("&lt;b&gt;") && html.contains("##&amp;"))
        #expect(html.contains("--share: 1.000") && html.contains("title=\"load 0.100\""))
        #expect(!html.contains("<link") && !html.contains("url(") && !html.contains("src="))
    }

    @Test func columnsAreAligned() {
        var table = ColumnTable(header: ["name", "load"])
        table.add(["a", "0.25"])
        table.add(["longer", "1", "left out"])
        table.add(["×"])
        #expect(
            table.text == """
                name    load
                ------  ----
                a       0.25
                longer     1
                ×
                """)
    }

    @Test func theTableLeavesOutWhatWasNotMeasured() {
        let header = result.table.header
        #expect(header.contains("probe") && header.contains("× dense") && !header.contains("accuracy"))
        #expect(result.table.rows.allSatisfy { $0.count == header.count })
        #expect(result.table.rows[1][header.firstIndex(of: "× dense") ?? 0] == "2.00")
    }

    @Test func theKeysOfTheResultsStay() throws {
        #expect(
            result.json.objectValue?.keys == [
                "format", "samples", "mean_tokens", "device", "dense", "budgets",
            ])
        #expect(
            result.budgets[0].json.objectValue?.keys == [
                "budget", "load", "macs", "mean_cosine", "neighbour_agreement", "probe_accuracy", "accuracy",
                "classes",
                "milliseconds_per_sample", "dense_milliseconds_per_sample", "collapsed", "drift", "modules",
            ])
        #expect(try JSONValue(parsing: result.json.text()) == result.json)
    }

    @Test func medians() {
        #expect(Timing([3, 1, 2]).median == 2)
        #expect(Timing([4, 1, 2, 3]).median == 2.5)
        #expect(Timing([]).median == 0)
    }
}
