import Evaluation
import Foundation

/// What `--require` asked for is not there.
struct RequirementNotMet: LocalizedError {
    let failures: [String]

    var errorDescription: String? { failures.joined(separator: " ") }

    /// Says on standard error what is met.
    ///
    /// - Throws: ``RequirementNotMet`` where something is not.
    static func check(_ outcomes: [RequirementOutcome]) throws {
        for outcome in outcomes where outcome.isMet {
            StandardError.write("\(outcome.text)\n")
        }
        let failures = outcomes.filter { !$0.isMet }.map(\.text)
        if !failures.isEmpty { throw RequirementNotMet(failures: failures) }
    }
}
