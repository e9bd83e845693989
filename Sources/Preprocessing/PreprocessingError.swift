import Foundation

/// What can go wrong between a user's files and a model's inputs.
///
/// Every message is one sentence: the operation, what was expected, what was found, and where.
public enum PreprocessingError: LocalizedError, Equatable, Sendable {
    /// A file that the operation needs is not there.
    case missingFile(operation: String, expected: String, path: String)
    /// A file was read, but its contents are malformed or contradict themselves.
    case invalidContents(operation: String, expected: String, found: String, path: String)
    /// A file is well formed, but asks for something that this module does not implement.
    case unsupported(operation: String, expected: String, found: String, path: String)
    /// A library that the operation needs is not there.
    case missingLibrary(operation: String, reason: String)
    /// A caller's argument is out of range.
    case invalidArgument(operation: String, expected: String, found: String)

    public var errorDescription: String? {
        switch self {
        case .missingFile(let operation, let expected, let path):
            "\(operation): expected \(expected), found no such file in \(path)."
        case .invalidContents(let operation, let expected, let found, let path):
            "\(operation): expected \(expected), found \(found), in \(path)."
        case .unsupported(let operation, let expected, let found, let path):
            "\(operation): expected \(expected), found \(found), which is not supported, in \(path)."
        case .missingLibrary(let operation, let reason):
            "\(operation): \(reason)."
        case .invalidArgument(let operation, let expected, let found):
            "\(operation): expected \(expected), found \(found)."
        }
    }
}
