import Foundation

/// What is wrong with the variables that start a run of several processes.
public enum LaunchError: LocalizedError, Equatable {
    case missing(String, meaning: String)
    case invalid(String, expected: String, found: String)

    public var errorDescription: String? {
        switch self {
        case .missing(let name, let meaning):
            "The environment says that there are several processes, but not \(name), \(meaning)."
        case .invalid(let name, let expected, let found):
            "\(name) in the environment must be \(expected), found \"\(found)\"."
        }
    }
}
