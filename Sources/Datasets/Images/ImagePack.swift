import Foundation
import Torch

/// Writes images as one file that training reads without decoding: `images [count, 3, size, size]`
/// uint8 and `labels [count]` int64, as ``ImageTensorDataset`` takes them.
public enum ImagePack {
    /// Decodes all images once, on several threads, and writes them as they come: memory holds the
    /// batches in flight alone.
    ///
    /// - Parameters:
    ///   - store: the encoded images.
    ///   - url: the file to write.
    ///   - size: height and width; the shorter side is brought to it and the square in the middle kept.
    ///   - badSamples: whether images that cannot be decoded are left out.
    ///   - options: how many threads decode, and how many batches are in flight.
    ///   - progress: called with the number of images done.
    /// - Returns: the number of images written.
    /// - Throws: ``DatasetError`` for images that cannot be read, unless bad samples are left out, and
    ///   when nothing is left; `FileError`, after which nothing is written.
    public static func write(
        _ store: any SampleStore, to url: URL, size: Int, badSamples: BadSamples = BadSamples(),
        options: LoadingOptions = LoadingOptions(), progress: (Int) -> Void = { _ in }
    ) throws -> Int {
        // The header tells the number of images, so those that are left out must be known before the
        // rest is written: pixels wait in a file beside the destination.
        let scratch = url.deletingLastPathComponent().appendingPathComponent(
            ".\(url.lastPathComponent).pixels-\(ProcessInfo.processInfo.processIdentifier)")
        defer { try? FileManager.default.removeItem(at: scratch) }
        var kept: [Int] = []
        try AtomicFile.write(to: scratch) { file in
            let dataset = try ImageDataset(store, ImagePreparation(size: size), badSamples: badSamples)
            let loader = try BatchLoader(
                RawImages(dataset), .inOrder(dataset.batchesInOrder(size: 32)), options: options)
            while let batch = try loader.next() {
                try batch.inputs.required("pixel_values").contiguous().withBytes {
                    try file.append(UnsafeRawBufferPointer($0))
                }
                kept += batch.indices
                progress(kept.count)
            }
        }
        guard !kept.isEmpty else { throw DatasetError.empty(file: url.relativePath) }
        let pixels = try MappedFile(scratch)
        var tensors = [
            SafetensorsTensor(name: "images", dataType: .uint8, shape: [kept.count, 3, size, size]) {
                receive in
                try withExtendedLifetime(pixels) { try receive(UnsafeRawBufferPointer(pixels.bytes)) }
            }
        ]
        if let labels = store.labels {
            let numbers = kept.map { Int64(labels[$0]) }
            tensors.append(
                SafetensorsTensor(name: "labels", dataType: .int64, shape: [kept.count]) { receive in
                    try numbers.withUnsafeBytes { try receive($0) }
                })
        }
        // One name a line.
        let classes = store.classNames?.map { $0.split(whereSeparator: \.isNewline).joined(separator: " ") }
        try SafetensorsWriter.write(
            to: url, tensors: tensors,
            metadata: classes.map { ["classes": $0.joined(separator: "\n")] } ?? [:])
        return kept.count
    }

    /// Images without the last part, their normalisation.
    private struct RawImages: Dataset {
        let base: ImageDataset

        init(_ base: ImageDataset) { self.base = base }

        var count: Int { base.count }
        var classNames: [String]? { base.classNames }
        var lengths: [Int]? { nil }
        func batch(_ indices: [Int]) throws -> Batch { try base.load(indices, nil) }
    }
}
