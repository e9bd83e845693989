import Foundation
import Preprocessing
import Torch

/// Writes corrupted copies of images in the layout of ImageNet-C, `corruption/severity/class/file`,
/// which ``CorruptedImages`` reads.
///
/// Images are brought to one size first, as the reference's were: the shorter side to 256 pixels,
/// bilinear, then the 224 × 224 in the middle.
public struct CorruptedImageWriter: Sendable {
    /// What kind of file is written.
    public enum Format: String, Sendable, CaseIterable {
        /// Of quality 85, as ImageNet-C's files are: that loses something too.
        case jpeg
        case png

        var suffix: String { self == .jpeg ? "jpg" : "png" }

        func bytes(_ image: Tensor) throws -> Data {
            switch self {
            case .jpeg: try ImageEncoder.jpeg(image, quality: 85)
            case .png: try ImageEncoder.png(image)
            }
        }
    }

    /// Height and width of what is written, in pixels.
    public let size: Int
    public let shorterSide: Int
    public let format: Format
    private let images: SampleFiles
    private let output: URL
    /// Below `corruption/severity`, for each image.
    private let targets: [String]

    /// - Parameters:
    ///   - images: in class folders.
    ///   - output: the folder that `corruption/severity` is made in.
    ///   - size: height and width of what is written, in pixels.
    ///   - shorterSide: at least `size`; nil for 8/7 of it.
    ///   - format: kind of file that is written.
    /// - Throws: ``DatasetError`` for images without classes, a size below ``Corruption/smallestSize``,
    ///   or two images that would be written to one file.
    public init(
        _ images: SampleFiles, to output: URL, size: Int = 224, shorterSide: Int? = nil,
        format: Format = .jpeg
    ) throws {
        let shorterSide = shorterSide ?? size * 8 / 7
        guard size >= Corruption.smallestSize, shorterSide >= size else {
            throw DatasetError.corruption(
                "images need at least \(Corruption.smallestSize) × \(Corruption.smallestSize) pixels and a shorter "
                    + "side of at least their size, found \(size) and \(shorterSide)")
        }
        guard images.labels != nil else {
            throw DatasetError.unreadable(
                file: images.folder.relativePath, "must have a folder of images for each class")
        }
        var sources: [String: String] = [:]
        targets = try images.names.map { name in
            let target = "\((name as NSString).deletingPathExtension).\(format.suffix)"
            if let other = sources.updateValue(name, forKey: target) {
                throw DatasetError.sample(
                    place: "\(images.folder.relativePath)/\(name)",
                    "would be written to the same file as \(other)")
            }
            return target
        }
        self.images = images
        self.output = output
        self.size = size
        self.shorterSide = shorterSide
        self.format = format
    }

    /// How many files ``write(_:severities:seed:device:badSamples:progress:)`` writes.
    public func fileCount(_ corruptions: [Corruption], severities: [Int]) -> Int {
        images.count * corruptions.count * severities.count
    }

    /// Corrupts and writes all images; files that are there are replaced.
    ///
    /// - Parameters:
    ///   - corruptions: each is applied to every image.
    ///   - severities: the levels of each corruption, 1…5.
    ///   - seed: with an image's number it decides all draws.
    ///   - device: where the corruptions are computed.
    ///   - badSamples: whether images that cannot be decoded are left out.
    ///   - progress: called with the number of files written so far.
    /// - Returns: seconds of computation an image and severity, for each corruption.
    /// - Throws: ``DatasetError``, what decoding throws, `FileError`.
    public func write(
        _ corruptions: [Corruption], severities: [Int], seed: UInt64, device: Device = .cpu,
        badSamples: BadSamples = BadSamples(), progress: (Int) -> Void = { _ in }
    ) throws -> [Corruption: Double] {
        let seeds = Corruption.imageSeeds(seed, count: images.count)
        var seconds: [Corruption: Double] = [:]
        var (read, written) = (0, 0)
        for start in stride(from: 0, to: images.count, by: Self.batchSize) {
            let batch = try (start..<min(start + Self.batchSize, images.count)).compactMap { index in
                try badSamples.keep(images.place(of: index)) { (index, try prepared(index)) }
            }
            if batch.isEmpty { continue }
            read += batch.count
            let clean = try Tensor.stacked(batch.map(\.1)).to(device)
            for corruption in corruptions {
                for severity in severities {
                    let started = ContinuousClock.now
                    let corrupted = try corruption.apply(
                        clean, severity: severity, seeds: batch.map { seeds[$0.0] }
                    ).to(.cpu)
                    let elapsed = (ContinuousClock.now - started) / .seconds(1)
                    seconds[corruption, default: 0] += elapsed
                    let folder = output.appendingPathComponent("\(corruption.rawValue)/\(severity)")
                    for (place, sample) in batch.enumerated() {
                        let file = folder.appendingPathComponent(targets[sample.0])
                        try FileManager.default.createDirectory(
                            at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
                        try AtomicFile.write(format.bytes(corrupted.select(place, axis: 0)), to: file)
                        written += 1
                    }
                    progress(written)
                }
            }
        }
        return seconds.mapValues { $0 / Double(max(read * severities.count, 1)) }
    }

    private static let batchSize = 16

    /// `[3, size, size]` uint8.
    private func prepared(_ index: Int) throws -> Tensor {
        let image = try ImageDecoder.decode(images.read(index), name: images.place(of: index))
        let shape = image.shape
        let shorter = min(shape[1], shape[2])
        let (height, width) = (shape[1] * shorterSide / shorter, shape[2] * shorterSide / shorter)
        let (top, left) = ((height - size) / 2, (width - size) / 2)
        return try image.resized(height: height, width: width, by: .bilinear)
            .slice(top..<top + size, axis: 1).slice(left..<left + size, axis: 2)
    }
}
