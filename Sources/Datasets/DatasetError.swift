import Foundation

/// Why data cannot be used.
public enum DatasetError: LocalizedError, Equatable {
    case unreadable(file: String, String)
    case line(file: String, Int, String)
    case empty(file: String)
    case unknownKind(file: String)
    /// What a corruption was given and cannot take.
    case corruption(String)

    public var errorDescription: String? {
        switch self {
        case .unreadable(let file, let problem): "\(file): \(problem)."
        case .line(let file, let number, let problem): "\(file), line \(number): \(problem)."
        case .empty(let file): "\(file) has no samples."
        case .corruption(let problem): "Corruption: \(problem)."
        case .unknownKind(let file):
            "\(file) is not a known dataset: give a .tsv with a \"text\" column, a .txt of lines, or a "
                + ".safetensors of \"images\" and \"labels\"."
        }
    }
}
