import ArgumentParser
import Evaluation
import Foundation

/// Two evaluations against each other.
struct Compare: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Compares two evaluations of the same data, sample by sample.",
        discussion: """
            Differences are second less first, with 95 % intervals from 1,000 bootstrap draws of the paired samples; p is that \
            of McNemar's exact test. With --require the exit status is 3 where something is not met.
            """)

    @Argument(help: "A folder that acm evaluate --report wrote: what is compared with.")
    var first: String

    @Argument(help: "Another, of the same data: what is judged.")
    var second: String

    @Option(
        name: .customLong("measure"),
        help: "\(Quality.allCases.map(\.rawValue).joined(separator: ", ")); the main one unless told.")
    var quality: Quality?

    @Option(help: "budget: runs of one budget; or cost: at as many multiply-accumulates.")
    var at = Comparison.Alignment.budget

    @OptionGroup var requirements: RequirementOptions

    @Flag(help: "Print JSON.")
    var json = false

    func run() throws {
        let comparison = try Comparison(
            EvaluationReport(URL(fileURLWithPath: first)), EvaluationReport(URL(fileURLWithPath: second)),
            quality: quality, alignment: at)
        print(json ? try comparison.json.text() : comparison.text)
        try RequirementNotMet.check(requirements.parsed().map { try $0.check(comparison) })
    }
}

extension Quality: ExpressibleByArgument {}

extension Comparison.Alignment: ExpressibleByArgument {}

/// What must be reached.
struct RequirementOptions: ParsableArguments {
    @Option(
        help: """
            What must be reached, such as "top1>=0.80 at budget 0.5", "surely wer<0.1" or, of acm compare, "difference \
            top1>=-0.01": exit status 3 where it is not. Can be given again; docs/reports.md has the grammar.
            """)
    var require: [String] = []

    func validate() throws {
        do { _ = try parsed() } catch { throw ValidationError(error.localizedDescription) }
    }

    func parsed() throws -> [Requirement] { try require.map(Requirement.init) }
}
