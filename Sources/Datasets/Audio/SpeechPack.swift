import Foundation
import Torch
import Transformers

/// Writes recordings as one file that is read without decoding, as ``PackedSpeech`` takes it.
public enum SpeechPack {
    /// What speech models take, in samples a second.
    public static let sampleRate = 16_000

    /// Decodes all recordings once, on several threads, and writes them as they come: memory holds the batches
    /// in flight alone.
    ///
    /// Samples are rounded to 16 bits and cut off at full scale. Line breaks in texts become blanks.
    ///
    /// - Parameters:
    ///   - store: the recordings.
    ///   - url: the file to write.
    ///   - badSamples: whether recordings that cannot be decoded are left out.
    ///   - options: how many threads decode, and how many batches are in flight.
    ///   - progress: called with the number of recordings done.
    /// - Returns: the number of recordings written, and their seconds together.
    /// - Throws: ``DatasetError`` for recordings that cannot be read, unless bad samples are left out, and
    ///   when nothing is left; `FileError`, after which nothing is written.
    public static func write(
        _ store: any SampleStore, to url: URL, badSamples: BadSamples = BadSamples(),
        options: LoadingOptions = LoadingOptions(), progress: (Int) -> Void = { _ in }
    ) throws -> (count: Int, seconds: Double) {
        // The header tells the number of samples, so those of all recordings must be known before the rest is
        // written: they wait in a file beside the destination.
        let scratch = url.deletingLastPathComponent().appendingPathComponent(
            ".\(url.lastPathComponent).samples-\(ProcessInfo.processInfo.processIdentifier)")
        defer { try? FileManager.default.removeItem(at: scratch) }
        var kept: [Int] = []
        var ends: [Int64] = []
        try AtomicFile.write(to: scratch) { file in
            let clips = Clips(store: store, badSamples: badSamples)
            let loader = try BatchLoader(
                clips, .inOrder(clips.batchesInOrder(size: 32)), options: options)
            while let batch = try loader.next() {
                try batch.inputs.required("samples").withBytes {
                    try file.append(UnsafeRawBufferPointer($0))
                }
                for length in try batch.inputs.required("lengths").array(of: Int64.self) {
                    ends.append((ends.last ?? 0) + length)
                }
                kept += batch.indices
                progress(kept.count)
            }
        }
        guard !kept.isEmpty else { throw DatasetError.empty(file: url.relativePath) }
        let samples = try MappedFile(scratch)
        var metadata = [
            "sample_rate": "\(sampleRate)",
            "names": kept.map { line(Self.name(of: $0, in: store)) }.joined(separator: "\n"),
        ]
        if let texts = store.texts {
            metadata["texts"] = kept.map { line(texts[$0]) }.joined(separator: "\n")
        }
        if let languages = store.languages {
            metadata["languages"] = kept.map { line(languages[$0] ?? "") }.joined(separator: "\n")
        }
        try SafetensorsWriter.write(
            to: url,
            tensors: [
                SafetensorsTensor(name: "samples", dataType: .int16, shape: [Int(ends.last ?? 0)]) {
                    receive in
                    try withExtendedLifetime(samples) { try receive(UnsafeRawBufferPointer(samples.bytes)) }
                },
                SafetensorsTensor(name: "ends", dataType: .int64, shape: [kept.count]) { receive in
                    try ends.withUnsafeBytes { try receive($0) }
                },
            ], metadata: metadata)
        return (kept.count, Double(ends.last ?? 0) / Double(sampleRate))
    }

    /// What `HashSplit` knows a recording by, so that it keeps its side when it is packed.
    private static func name(of index: Int, in store: any SampleStore) -> String {
        (store as? SampleFiles)?.names[index] ?? (store as? PackedSpeech)?.names[index]
            ?? store.place(of: index)
    }

    private static func line(_ text: String) -> String {
        text.split(whereSeparator: \.isNewline).joined(separator: " ")
    }

    /// Recordings as 16-bit samples, one after the other.
    private struct Clips: Dataset {
        let store: any SampleStore
        let badSamples: BadSamples

        var count: Int { store.count }
        var classNames: [String]? { nil }
        var lengths: [Int]? { nil }

        func batch(_ indices: [Int]) throws -> Batch {
            var kept: [Int] = []
            let clips = try indices.compactMap { index -> Tensor? in
                let clip = try badSamples.keep(store.place(of: index)) {
                    let clip = try store.clip(index, sampleRate: SpeechPack.sampleRate)
                    guard clip.elementCount > 0 else { throw DatasetError.reason("has no samples") }
                    return try (clip * 32768).rounded().clamped(to: -32768...32767).to(nil, .int16)
                }
                if clip != nil { kept.append(index) }
                return clip
            }
            guard !clips.isEmpty else {
                throw DatasetError.nothingLeft(batch: indices.count, places: indices.map(store.place))
            }
            return Batch(
                inputs: ModelInputs([
                    "samples": try .concatenated(clips), "lengths": try Tensor(clips.map(\.elementCount)),
                ]), labels: nil, indices: kept)
        }
    }
}
