import ArgumentParser
import Evaluation
import Foundation

/// One page from one or several evaluations.
struct Report: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Makes one HTML page of evaluations that acm evaluate --report wrote.",
        discussion: """
            The page loads nothing else. It shows what was gained and what it cost, quality against compute with intervals, \
            where the compute went, what is wrong, and single samples. What is missing in a folder is named on the page.
            """)

    @Argument(help: "Folders that acm evaluate --report wrote.")
    var folders: [String]

    @Option(help: "The page to write; report.html in the first folder unless told.")
    var output: String?

    @Option(help: "The page's heading; the names of the models unless told.")
    var title: String?

    @Option(
        help: """
            Write quality against compute of the first folder as a small SVG figure too, the title on top of it.
            """)
    var figure: String?

    func validate() throws {
        let names = [
            "results.json", SampleRecords.fileName, SampleExample.fileName, RobustnessResult.fileName,
        ]
        let read = folders.flatMap { folder in names.map { "\(folder)/\($0)" } }
        for (option, path) in [("--output", output), ("--figure", figure)] {
            if let path { try OutputFile(option: option, path: path).validate(inputs: read) }
        }
        guard output == nil || output != figure else {
            throw ValidationError("--output and --figure are the same file: name another for one of them")
        }
    }

    func run() throws {
        for (option, path) in [("--output", output), ("--figure", figure)] {
            if let path { try OutputFile(option: option, path: path).requireWritable() }
        }
        let reports = try folders.map { try EvaluationReport(URL(fileURLWithPath: $0)) }
        for report in reports {
            for problem in report.problems {
                StandardError.write("\(report.place): \(problem)\n")
            }
        }
        let target =
            output.map { URL(fileURLWithPath: $0) }
            ?? URL(fileURLWithPath: reports[0].place).appendingPathComponent("report.html")
        try ReportPage(reports, title: title).write(to: target)
        print("Wrote \(target.relativePath)")
        guard let figure else { return }
        try FrontierPlot(reports[0], heading: title ?? reports[0].name).write(
            to: URL(fileURLWithPath: figure))
        print("Wrote \(figure)")
    }
}
