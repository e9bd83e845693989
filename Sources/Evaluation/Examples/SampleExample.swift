import Foundation
import Torch

/// One sample as a report shows it: what it is, what the models say of it, and where the compute went.
public struct SampleExample: Codable, Sendable, Equatable {
    /// A word of a transcript.
    public struct Word: Codable, Sendable, Equatable {
        public let text: String
        /// Where it begins and ends, as a share of the recording, 0…1.
        public let start: Double
        public let end: Double
    }

    /// Why a sample is shown.
    public enum Group: String, Codable, Sendable, CaseIterable {
        /// Of the lowest load.
        case cheapest
        /// Of the highest load.
        case costliest
        /// Of the most word errors.
        case worst
    }

    /// The sample's number in the data.
    public let number: Int
    /// Its file; nil for data without.
    public let place: String?
    public let budget: Double
    /// Of the whole sample, 0…1.
    public let load: Double
    /// The true class, or what is said; nil where it is not known.
    public let truth: String?
    /// The likeliest class or the transcript; nil for a model without them.
    public let output: String?
    /// The same of the dense model.
    public let denseOutput: String?
    /// The texts of the tokens; empty for images and sounds.
    public let tokens: [String]
    /// Of each token of the first stack, or of each patch of an image row by row; 0…1.
    public let tokenLoads: [Double]
    /// A JPEG file of the image as the model sees it; nil for other samples, and where it could not be written.
    public let image: Data?
    /// Patches in a row of the image; nil for other samples.
    public let patchColumns: Int?
    /// The lowest and highest level of a recording in stretches of equal length, -1…1; nil for other samples.
    public let waveform: [[Double]]?
    public let words: [Word]?
    /// nil for what an older version wrote: the first half are the cheapest, the others the costliest.
    public var group: Group?
    /// The same as the loads of the tokens in each block; nil for what an older version wrote.
    public var blockLoads: [BlockLoads]?
    /// What was heard beside what was said, word by word; nil for what is no speech, or has no known text.
    public var alignment: WordAlignment?

    /// Whether the sample is an image that cannot be shown.
    public var lacksImage: Bool { patchColumns != nil && image == nil }

    public static let fileName = "examples.json"

    /// Writes some examples as a JSON array.
    ///
    /// - Throws: `FileError`.
    public static func write(_ examples: [SampleExample], to url: URL) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys]
        try AtomicFile.write(encoder.encode(examples), to: url)
    }

    /// Reads what ``write(_:to:)`` wrote.
    ///
    /// - Throws: ``EvaluationError/mismatch(_:)`` for another content, `FileError`.
    public static func read(_ url: URL) throws -> [SampleExample] {
        let file = try MappedFile(url)
        let data = withExtendedLifetime(file) { Data(file.bytes) }
        do {
            return try JSONDecoder().decode([SampleExample].self, from: data)
        } catch {
            throw EvaluationError.mismatch("\(url.relativePath) holds no examples of samples")
        }
    }
}
