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
        ([0, 1.003], ["0.00", "0.25", "0.50", "0.75", "1.00"]),
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
        let report = EvaluationReport(results: result.json, records: nil)
        let svg = FrontierPlot(report, heading: "a < b & \"c\"").svg
        #expect(BalancedMarkup.problem(svg) == nil)
        #expect(svg.contains("class=\"heading\"") && svg.contains("a &lt; b &amp; &quot;c&quot;"))
        #expect(svg.contains("prefers-color-scheme: dark") && svg.contains(">dense</text>"))
        #expect(!FrontierPlot(result).svg.contains("class=\"heading\""))
    }

    /// At one place stand the dense model and the largest budget: names and numbers keep clear of each other.
    @Test func labelsKeepClearOfNames() throws {
        let svg = LinePlot(
            title: "t", xTitle: "x", yTitle: "y",
            series: [
                .init(
                    name: "", points: [.init(x: 0.3, y: 1, label: "0.75"), .init(x: 1, y: 1, label: "1.00")],
                    colour: 0),
                .init(name: "dense", points: [.init(x: 0.4, y: 1.001)], colour: 5, isReference: true),
            ], xMust: [0, 1]
        ).svg
        func place(_ text: String) throws -> (x: Double, y: Double) {
            let line = try #require(
                svg.split(separator: "\n").first { $0.hasPrefix("<text") && $0.contains(">\(text)<") })
            let numbers = ["x", "y"].compactMap { axis in
                line.split(separator: " \(axis)=\"").dropFirst().first?.split(separator: "\"").first.flatMap {
                    Double($0)
                }
            }
            return (try #require(numbers.first), try #require(numbers.last))
        }
        let (dense, label) = (try place("dense"), try place("0.75"))
        let half = SVGDrawing.width("dense") / 2
        #expect(
            abs(dense.y - label.y) >= 12 || label.x + SVGDrawing.width("0.75") <= dense.x - half
                || label.x >= dense.x + half, "\(dense) \(label)")
    }

    /// Two long words at the end of a recording stand inside, one below the other, and wide letters are.
    @Test func wordsOfARecordingDoNotMeet() {
        let svg = WaveformFigure(
            waveform: [[-1, 1]], loads: [1], highest: 1,
            words: [
                .init(text: "a", start: 0, end: 0.1), .init(text: "MOW", start: 0.5, end: 0.55),
                .init(text: "to", start: 0.57, end: 0.6), .init(text: "conference", start: 0.95, end: 0.97),
                .init(text: "connection", start: 0.97, end: 1),
            ]
        ).svg
        let places = svg.split(separator: "\n").filter { $0.hasPrefix("<text") }.map { line in
            ["x", "y"].compactMap { axis in
                line.split(separator: "\(axis)=\"").dropFirst().first?.split(separator: "\"").first
                    .flatMap { Double($0) }
            }
        }
        #expect(places == [[0, 104], [200, 104], [228, 118], [323, 104], [326.2, 118]])
    }

    /// Of texts the figure shows word error rates in per cent, also that of the dense model.
    @Test func transcriptsAreShownByTheirErrors() {
        let results: JSONValue = [
            "dense": ["macs": 200, "errors": ["word_error_rate": 0.05, "character_error_rate": 0.02]],
            "budgets": [
                [
                    "budget": 0.5, "load": 0.5, "macs": 100, "mean_cosine": nil,
                    "errors": ["word_error_rate": 0.25, "character_error_rate": 0.1],
                ]
            ],
        ]
        let svg = FrontierPlot(EvaluationReport(results: results, records: nil)).svg
        #expect(svg.contains("word error rate, %") && svg.contains("0.50: 0.500, 25.000"))
        #expect(svg.contains("dense: 1.000, 5.000"))
    }

    @Test func whatIsNotFiniteIsLeftOut() {
        let plot = LinePlot(
            title: "", xTitle: "", yTitle: "",
            series: [
                .init(
                    name: "kept",
                    points: [.init(x: 0, y: 1), .init(x: .nan, y: 1, label: "left out"), .init(x: 1, y: 2)],
                    colour: 0), .init(name: "gone", points: [.init(x: 1, y: .infinity)], colour: 1),
            ])
        #expect(BalancedMarkup.problem(plot.svg) == nil)
        #expect(plot.svg.contains("kept") && !plot.svg.contains("left out") && !plot.svg.contains("gone"))
        #expect(!plot.svg.lowercased().contains("nan"))
        let empty = LinePlot(title: "", xTitle: "", yTitle: "", series: [])
        #expect(BalancedMarkup.problem(empty.svg) == nil)
    }

    /// Three series that end in one place.
    @Test func namesDoNotMeet() {
        let plot = LinePlot(
            title: "", xTitle: "", yTitle: "",
            series: (0..<3).map { .init(name: "n\($0)", points: [.init(x: 1, y: 1)], colour: $0) })
        let heights = plot.svg.split(separator: "\n").filter { $0.contains("class=\"series") }.compactMap {
            line in
            line.firstMatch(of: /y="([0-9.]+)"/).flatMap { Double($0.1) }
        }.sorted()
        #expect(heights.count == 3 && zip(heights, heights.dropFirst()).allSatisfy { $1 - $0 >= 12.9 })
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
                "format", "samples", "mean_tokens", "mean_seconds", "device", "dense", "budgets",
            ])
        #expect(
            result.budgets[0].json.objectValue?.keys == [
                "budget", "load", "macs", "mean_cosine", "neighbour_agreement", "probe_accuracy", "accuracy",
                "classes", "spearman", "errors", "languages",
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
