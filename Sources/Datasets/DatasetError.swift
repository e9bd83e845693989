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
    /// All samples of a batch were left out.
    case nothingLeft(batch: Int, places: [String])
    /// What a corruption was given and cannot take.
    case corruption(String)

    public var errorDescription: String? {
        switch self {
        case .unreadable(let file, let problem): "\(file): \(problem)."
        case .line(let file, let number, let problem): "\(file), line \(number): \(problem)."
        case .empty(let file): "\(file) has no samples."
        case .corruption(let problem): "Corruption: \(problem)."
        case .unknownKind(let file):
            "\(file) is not a known dataset: looked for a .tsv or .txt of texts, a .safetensors of images or speech, .tar "
                + "shards, a folder of images or of class folders, perhaps below train and val or below "
                + "corruption/severity, Common Voice's tables and clips, an image or a recording."
        case .noSplit(let file, let split, let found):
            "\(file) has no split \"\(split)\": found \(found.joined(separator: ", "))."
        case .sample(let place, let reason):
            // Decoders name the file themselves when they know it.
            reason.contains(place) ? "\(reason)." : "\(place): \(reason)."
        case .reason(let reason): "\(reason)."
        case .nothingLeft(let count, let places):
            "None of the \(count) samples of a batch can be read: \(places.prefix(3).joined(separator: ", "))."
        }
    }
}
