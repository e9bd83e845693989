import Foundation
import Testing
import Torch

@testable import Evaluation

@Suite struct ReportPageTests {
    @Test func thePageIsWellFormedAndLoadsNothing() throws {
        let fixture = try ReportFixture {
            $0["about"] = ["model": "a<b>/\"m\" & 'n'", "data": "<script>.tsv"]
        }
        defer { fixture.remove() }
        let html = try ReportPage([fixture.report()]).html
        #expect(BalancedMarkup.problem(html) == nil)
        #expect(!html.contains("<script") && html.contains("&lt;script&gt;.tsv"))
        #expect(html.contains("a&lt;b&gt;/&quot;m&quot; &amp; &#39;n&#39;"))
        #expect(!html.contains("<link") && !html.contains("url(") && !html.contains("@import"))
        #expect(
            !html.contains("http")
                || html.components(separatedBy: "http").dropFirst().allSatisfy {
                    $0.hasPrefix("://www.w3.org/2000/svg")
                })
        #expect(html.contains("prefers-color-scheme: dark") && html.contains("width=device-width"))
        #expect(!html.contains("nan") && !html.contains("inf\""))
        for heading in ["Quality against compute", "All runs", "Where the compute went", "Loads of samples"] {
            #expect(html.contains(heading), "\(heading)")
        }
    }

    /// At budget 0.5 the fixture loses 25 points, at 1 nothing.
    @Test func theHeadlineTellsOfTheCheapestRunThatLosesLittle() throws {
        let fixture = try ReportFixture(rightOf: [1: 3, 0.5: 2, 0.75: 3])
        defer { fixture.remove() }
        let report = try fixture.report()
        #expect(HeadlineSection.chosen(report)?.run.budget == 0.75)
        let html = HeadlineSection(report, in: [report]).html.text
        #expect(
            html.contains(
                "At budget 0.75 the model spends 80 % of the multiply-accumulates of the dense model"))
        #expect(html.contains("±0.0 points") && html.contains("1.33 ×"))
    }

    @Test func noSavingIsTold() throws {
        let fixture = try ReportFixture()
        defer { fixture.remove() }
        let report = try fixture.report()
        let html = HeadlineSection(report, in: [report]).html.text
        #expect(html.contains("At budget 1.00") && html.contains("Every cheaper budget loses more."))
    }

    @Test func severalReportsShareFiguresAndDenseModels() throws {
        let fixtures = [try ReportFixture(), try ReportFixture(rightOf: [1: 3, 0.5: 1])]
        defer { for fixture in fixtures { fixture.remove() } }
        let html = try ReportPage(fixtures.map { try $0.report() }).html
        #expect(BalancedMarkup.problem(html) == nil)
        let names = fixtures.map { "some/model (\($0.folder.lastPathComponent))" }
        #expect(names.allSatisfy(html.contains))
        let plot = html.components(separatedBy: "<figure>")[1]
        #expect(plot.components(separatedBy: "class=\"ring").count == 2)
    }

    @Test func thePageDoesNotGrowWithTheSamples() throws {
        let (small, large) = (try ReportFixture(sampleCount: 200), try ReportFixture(sampleCount: 100_000))
        defer {
            small.remove()
            large.remove()
        }
        let quick = Bootstrap(drawCount: 2)
        let sizes = try [small, large].map {
            try ReportPage([EvaluationReport($0.folder, bootstrap: quick)]).html.utf8.count
        }
        #expect(sizes[1] < sizes[0] * 12 / 10 && sizes[1] < 1_000_000, "\(sizes)")
    }

    /// Each file missing or broken in turn.
    @Test func partialFoldersGivePartialPages() throws {
        let fixture = try ReportFixture()
        defer { fixture.remove() }
        let samples = fixture.folder.appendingPathComponent(SampleRecords.fileName)
        let results = fixture.folder.appendingPathComponent("results.json")
        let kept = try Data(contentsOf: samples)
        try FileManager.default.removeItem(at: samples)
        var html = try ReportPage([fixture.report()]).html
        #expect(html.contains("This report is partial") && html.contains("samples.safetensors is missing"))
        #expect(html.contains("All runs") && !html.contains("Loads of samples"))
        #expect(BalancedMarkup.problem(html) == nil)

        try kept.prefix(100).write(to: samples)
        html = try ReportPage([fixture.report()]).html
        #expect(html.contains("samples.safetensors cannot be read"))

        try kept.write(to: samples)
        try Data("{\"format\": 1, ".utf8).write(to: results)
        html = try ReportPage([fixture.report()]).html
        #expect(html.contains("results.json cannot be read") && html.contains("75.0 %"))

        try Data("{}".utf8).write(to: results)
        try Data("[{}]".utf8).write(to: fixture.folder.appendingPathComponent(SampleExample.fileName))
        let report = try fixture.report()
        #expect(report.problems.contains { $0.contains("examples.json cannot be read") })

        try FileManager.default.removeItem(at: samples)
        try FileManager.default.removeItem(at: results)
        #expect(throws: EvaluationError.self) { try fixture.report() }
        fixture.remove()
        #expect(throws: FileError.self) { try fixture.report() }
    }

    /// Every number in turn is of another type.
    @Test(arguments: ["samples", "mean_tokens", "device", "about", "dense", "budgets"])
    func oddResultsDoNotStopThePage(key: String) throws {
        for value: JSONValue in [.null, "text", [1, 2], ["a": "b"], 1e300] {
            let fixture = try ReportFixture { $0[key] = value }
            defer { fixture.remove() }
            #expect(BalancedMarkup.problem(try ReportPage([fixture.report()]).html) == nil, "\(key) \(value)")
        }
    }

    @Test func samplesAreShownWithTheirTokensImagesAndWords() throws {
        let fixture = try ReportFixture()
        defer { fixture.remove() }
        func example(
            tokens: [String] = [], image: Data? = nil, waveform: [[Double]]? = nil,
            words: [SampleExample.Word]? = nil
        ) -> SampleExample {
            SampleExample(
                number: 3, place: "a&b.png", budget: 0.5, load: 0.25, truth: "cat", output: "dog",
                denseOutput: "cat",
                tokens: tokens, tokenLoads: [0.1, 0.2, 0.3, 0.4], image: image,
                patchColumns: image == nil ? nil : 2,
                waveform: waveform, words: words)
        }
        try SampleExample.write(
            [
                example(tokens: ["[CLS]", "<b>", "x", "y"]), example(image: Data([0xFF, 0xD8])),
                example(
                    waveform: [[-1, 1], [-0.5, 0.25]],
                    words: [
                        .init(text: "long word", start: 0.9, end: 1),
                        .init(text: "other", start: 0.91, end: 1),
                    ]),
            ], to: fixture.folder.appendingPathComponent(SampleExample.fileName))
        let html = try ReportPage([fixture.report()]).html
        #expect(BalancedMarkup.problem(html) == nil)
        #expect(html.contains("&lt;b&gt;") && html.contains("--share: 0.250") && html.contains("a&amp;b.png"))
        #expect(
            html.contains("data:image/jpeg;base64,/9g=")
                && html.components(separatedBy: "class=\"patch\"").count == 5)
        #expect(html.contains("long word") && html.contains("dog ✗"))
    }
}
