import Foundation

/// What can be wrong with weights in the safetensors format. Files that cannot be opened or
/// written at all throw `FileError`.
public enum SafetensorsError: Error, Equatable, Sendable {
    /// The file's header as a whole breaks the format.
    case invalidHeader(file: String, expected: String, found: String)
    /// The header's entry for one tensor breaks the format.
    case invalidTensor(file: String, tensor: String, expected: String, found: String)
    /// There is no tensor of this name.
    case noTensor(file: String, tensor: String)
    /// The index of a sharded checkpoint breaks the format.
    case invalidIndex(file: String, expected: String, found: String)
    /// The index and its shards contradict each other; all contradictions are listed.
    case inconsistentShards(file: String, problems: [String])
    /// There are no weights at this path.
    case noWeights(path: String, found: String)
    /// There are weights, but in a format that is not read, such as a pickled file.
    case unsupportedFormat(path: String)
    /// A tensor cannot be written as it was given.
    case cannotWrite(file: String, tensor: String, expected: String, found: String)
}

extension SafetensorsError: LocalizedError, CustomStringConvertible {
    public var description: String {
        switch self {
        case .invalidHeader(let file, let expected, let found):
            "cannot read \(file): the safetensors header must be \(expected), found \(found)"
        case .invalidTensor(let file, let tensor, let expected, let found):
            "cannot read \(file): tensor \(JSONValue.quoted(tensor)) must have \(expected), "
                + "found \(found)"
        case .noTensor(let file, let tensor):
            "cannot read \(file): there is no tensor \(JSONValue.quoted(tensor))"
        case .invalidIndex(let file, let expected, let found):
            "cannot read \(file): the index must have \(expected), found \(found)"
        case .inconsistentShards(let file, let problems):
            "cannot read \(file): the index and its shards must agree, found "
                + Self.list(problems)
        case .noWeights(let path, let found):
            "cannot read \(path): expected a folder with model.safetensors or "
                + "model.safetensors.index.json, or a .safetensors file, found \(found)"
        case .unsupportedFormat(let path):
            "cannot read \(path): expected safetensors, found another format; convert it with "
                + "save_pretrained(..., safe_serialization=True) in transformers"
        case .cannotWrite(let file, let tensor, let expected, let found):
            "cannot write \(file): tensor \(JSONValue.quoted(tensor)) must have \(expected), "
                + "found \(found)"
        }
    }

    public var errorDescription: String? {
        description
    }

    private static func list(_ problems: [String]) -> String {
        let shown = problems.prefix(20).joined(separator: "; ")
        return problems.count > 20 ? shown + "; and \(problems.count - 20) more" : shown
    }
}
