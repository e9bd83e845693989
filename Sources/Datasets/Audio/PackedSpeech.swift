import Foundation
import Torch

/// Decoded recordings in a safetensors file, as ``SpeechPack`` writes it: `samples [all]` int16, one recording
/// after the other, and `ends [count]` int64, where each ends. The metadata has `sample_rate`, `names` and
/// perhaps `texts` and `languages`, one a line.
///
/// The file is mapped, not read: a batch copies what it needs.
public struct PackedSpeech: SampleStore {
    public let labels: [Int]? = nil
    public let classNames: [String]? = nil
    public let names: [String]
    public let texts: [String]?
    public let languages: [String?]?
    /// Samples a second.
    public let sampleRate: Int
    private let file: String
    private let ends: [Int]
    private let samples: Tensor

    /// Whether a file has recordings rather than images.
    static func matches(_ url: URL) -> Bool {
        (try? SafetensorsFile(url))?.entries["samples"] != nil
    }

    /// - Throws: ``DatasetError/unreadable(file:_:)`` for what the file lacks or contradicts, `SafetensorsError`
    ///   or `FileError`.
    public init(_ url: URL) throws {
        let packed = try SafetensorsFile(url)
        let path = url.relativePath
        func refuse(_ problem: String) -> DatasetError { .unreadable(file: path, problem) }
        let tensors = try packed.tensors()
        guard let samples = tensors["samples"], samples.rank == 1, samples.dataType == .int16,
            let ends = tensors["ends"], ends.rank == 1, ends.dataType == .int64
        else { throw refuse("must hold \"samples\" [all] of int16 and \"ends\" [count] of int64") }
        guard let rate = packed.metadata["sample_rate"].flatMap({ Int($0) }), rate > 0 else {
            throw refuse("its metadata must have the \"sample_rate\" of the recordings")
        }
        file = path
        self.samples = samples
        sampleRate = rate
        self.ends = try ends.array(of: Int.self)
        guard !self.ends.isEmpty else { throw DatasetError.empty(file: path) }
        let starts = [0] + self.ends.dropLast()
        if let wrong = zip(starts, self.ends).enumerated().first(where: { $1.0 >= $1.1 })?.offset {
            throw refuse(
                "recording \(wrong) must end after sample \(starts[wrong]), found \(self.ends[wrong])")
        }
        guard self.ends.last == samples.elementCount else {
            throw refuse(
                "the last recording must end with the \(samples.elementCount) samples, found "
                    + "\(self.ends.last ?? 0)")
        }
        let count = self.ends.count
        func lines(_ key: String) throws -> [String]? {
            guard let text = packed.metadata[key] else { return nil }
            let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
            guard lines.count == count else {
                throw refuse("its metadata must have \(count) lines of \"\(key)\", found \(lines.count)")
            }
            return lines
        }
        names = try lines("names") ?? (0..<count).map(String.init)
        texts = try lines("texts")
        languages = try lines("languages")?.map { $0.isEmpty ? nil : $0 }
    }

    public var count: Int { ends.count }
    public var byteCounts: [Int]? { ends.indices.map { range(of: $0).count * 2 } }
    public func place(of index: Int) -> String { "\(file), \(names[index])" }

    private func range(of index: Int) -> Range<Int> { (index == 0 ? 0 : ends[index - 1])..<ends[index] }

    /// The samples, little-endian.
    public func read(_ index: Int) throws -> Data {
        try samples.slice(range(of: index), axis: 0).contiguous().withBytes { Data($0) }
    }

    /// - Throws: ``DatasetError/unreadable(file:_:)`` for another rate than the recordings'.
    public func clip(_ index: Int, sampleRate: Int) throws -> Tensor {
        guard sampleRate == self.sampleRate else {
            throw DatasetError.unreadable(
                file: file,
                "its recordings have \(self.sampleRate) samples a second, the model takes \(sampleRate)"
            )
        }
        return try samples.slice(range(of: index), axis: 0).to(nil, .float32) / 32768
    }
}
