import Foundation

/// Why data cannot be used.
public enum DatasetError: LocalizedError, Equatable {
    case unreadable(file: String, String)
    case line(file: String, Int, String)
    case empty(file: String)
    case unknownKind(file: String)
    case noSplit(file: String, split: String, found: [String])
    /// One sample; `place` is its file, with a line or the member of an archive where there is one.
    case sample(place: String, String)
    /// What is wrong with a sample whose place the caller knows.
    case reason(String)
    case nothingLeft(count: Int, first: String)

    public var errorDescription: String? {
        switch self {
        case .unreadable(let file, let problem): "\(file): \(problem)."
        case .line(let file, let number, let problem): "\(file), line \(number): \(problem)."
        case .empty(let file): "\(file) has no samples."
        case .unknownKind(let file):
            "\(file) is not a known dataset: looked for a .tsv with a \"text\" column, a .txt of lines, a "
                + ".safetensors of \"images\" and \"labels\", .tar shards, a folder of class folders with "
                + "images (perhaps below train, val and test, or below corruption/severity), images with "
                + "ILSVRC labels, or Common Voice's .tsv and clips."
        case .noSplit(let file, let split, let found):
            "\(file) has no split \"\(split)\": found \(found.joined(separator: ", "))."
        case .sample(let place, let reason):
            // Decoders name the file themselves when they know it.
            reason.contains(place) ? "\(reason)." : "\(place): \(reason)."
        case .reason(let reason): "\(reason)."
        case .nothingLeft(let count, let first):
            "None of the \(count) samples of a batch can be read; the first: \(first)"
        }
    }
}
