import Foundation

/// Why an evaluation cannot be done.
public enum EvaluationError: LocalizedError, Equatable {
    case tooFewSamples(needed: Int, found: Int)
    case invalidBudget(Double)
    case mismatch(String)
    case notFinite(String)
    /// A requirement that cannot be read.
    case requirement(String)
    /// Energy cannot be measured.
    case noEnergy(String)

    public var errorDescription: String? {
        switch self {
        case .tooFewSamples(let needed, let found):
            "The evaluation needs at least \(needed) samples, found \(found)."
        case .invalidBudget(let budget): "A budget must lie in 0...1, found \(budget)."
        case .mismatch(let problem), .requirement(let problem), .noEnergy(let problem): "\(problem)."
        case .notFinite(let name):
            "The model's \(name) has numbers that are not finite: look at its weights, or take --dtype float32."
        }
    }
}
