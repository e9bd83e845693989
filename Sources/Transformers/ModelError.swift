import Foundation

/// Why a model cannot be read or run.
public enum ModelError: LocalizedError, Equatable {
    case unsupported(file: String, what: String, found: String, supported: [String])
    case mismatch(file: String, problems: [String])
    case missingInput(String, found: [String])
    case missingOutput(String, found: [String])
    case invalidInput(String)
    case tooLarge(file: String, String)
    case unknownPath(String)
    case invalidSlot(String)

    public var errorDescription: String? {
        switch self {
        case .unsupported(let file, let what, let found, let supported):
            "\(file): \(what) \"\(found)\" is not supported; supported: \(supported.joined(separator: ", "))."
        case .mismatch(let file, let problems):
            "\(file) does not fit the model: \(problems.prefix(20).joined(separator: "; "))"
                + (problems.count > 20 ? "; and \(problems.count - 20) more." : ".")
        case .missingInput(let name, let found):
            "The model needs the input \"\(name)\"; found: \(found.joined(separator: ", "))."
        case .missingOutput(let name, let found):
            "The model has no output \"\(name)\"; it has: \(found.joined(separator: ", "))."
        case .tooLarge(let file, let reason):
            "\(file) describes a model that does not fit into memory: \(reason)"
        case .invalidInput(let text), .invalidSlot(let text): text
        case .unknownPath(let path): "No checkpoint name is known for the layer \(path)."
        }
    }
}
