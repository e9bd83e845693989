import Foundation
import Torch
import Transformers

/// Images of one size in a safetensors file: `images [count, channels, height, width]` uint8 and,
/// perhaps, `labels [count]` int64. Of images with one channel, grey, every channel of the model gets
/// the same.
///
/// The file is mapped, not read: a batch copies its rows as they are, and the device does the rest.
public struct ImageTensorDataset: AugmentableDataset {
    public let classNames: [String]?
    public let lengths: [Int]? = nil
    public let count: Int
    private let images: Tensor
    private let labels: Tensor?
    private let channelCount: Int
    private var stage: PixelStage

    /// - Parameters:
    ///   - url: a safetensors file with `images` and perhaps `labels`.
    ///   - mean: of each channel, over values in 0…1; pixels become `(x / 255 - mean) / deviation`.
    ///   - deviation: of each channel, over values in 0…1.
    ///   - size: height and width that the model takes: of images of another size the square in the
    ///     middle is brought to it; nil leaves them as they are.
    ///   - classCount: labels must lie below it; nil takes the classes that the file's metadata name as
    ///     `classes`, or the highest label plus one.
    ///   - modelClasses: what labels are to count in: where the file names its classes they are matched by
    ///     name or, where names differ, by number; nil leaves labels as they are.
    /// - Throws: ``DatasetError`` for missing tensors, wrong shapes or types, labels out of range.
    public init(
        _ url: URL, mean: [Double], deviation: [Double], size: Int? = nil, classCount: Int? = nil,
        modelClasses: [String]? = nil
    ) throws {
        let file = url.relativePath
        let packed = try SafetensorsFile(url)
        let tensors = try packed.tensors()
        guard let images = tensors["images"], images.rank == 4, images.dataType == .uint8 else {
            throw DatasetError.unreadable(
                file: file, "must hold \"images\" [count, channels, height, width] of uint8")
        }
        let shape = images.shape
        guard shape[0] > 0 else { throw DatasetError.empty(file: file) }
        guard mean.count == deviation.count, [1, mean.count].contains(shape[1]) else {
            throw DatasetError.unreadable(
                file: file, "images have \(shape[1]) channels, the model's normalisation has \(mean.count)")
        }
        count = shape[0]
        channelCount = mean.count
        self.images = images
        stage = try PixelStage(mean: mean, deviation: deviation, size: size)
        guard let labels = tensors["labels"] else {
            self.labels = nil
            classNames = nil
            return
        }
        guard labels.shape == [shape[0]], labels.dataType == .int64 else {
            throw DatasetError.unreadable(
                file: file,
                "\"labels\" must be [\(shape[0])] of int64, found \(labels.shape) of \(labels.dataType)")
        }
        let lowest = try labels.minimum().item(Int.self)
        let highest = try labels.maximum().item(Int.self)
        let names = packed.metadata["classes"]?.split(separator: "\n").map(String.init)
        let ownCount = names?.count ?? modelClasses?.count ?? classCount
        let limit = classCount ?? ownCount ?? Self.largestClassCount
        guard lowest >= 0, highest < limit else {
            throw DatasetError.unreadable(
                file: file, "labels must lie in 0...\(limit - 1), found \(lowest)...\(highest)")
        }
        if let names, let modelClasses, names != modelClasses {
            let numbers = try ClassNumbers(
                folders: names, list: nil, modelClasses: modelClasses, place: file)
            let places = try Tensor(names.map { numbers.label(of: $0) ?? 0 })  // [classes]
            self.labels = try places.entries(labels)
            classNames = modelClasses
            return
        }
        self.labels = labels
        let count = classCount ?? ownCount ?? highest + 1
        classNames =
            modelClasses ?? (names?.count == count ? names : (0..<count).map(String.init))
    }

    public var hasLabels: Bool { labels != nil }

    static let largestClassCount = 10_000_000

    /// All labels, and the levels of some images from all over the file.
    public var fingerprint: UInt64 {
        var fingerprint = description
        fingerprint.add(try? labels?.array(of: Int.self))
        for index in stride(from: 0, to: count, by: max(1, count / 64)) {
            try? images.select(index, axis: 0).contiguous().withBytes {
                fingerprint.add(UnsafeRawBufferPointer($0))
            }
        }
        return fingerprint.value
    }

    public func augmented(_ options: AugmentationOptions, mixes: Bool) -> ImageTensorDataset {
        var copy = self
        copy.stage.augmentation = options
        copy.stage.mixes = mixes
        return copy
    }

    public func batch(_ indices: [Int]) throws -> Batch { try finish(load(indices, nil), nil) }

    public func load(_ indices: [Int], _ epoch: Epoch?) throws -> Batch {
        let rows = try Tensor(indices)
        return Batch(
            inputs: ModelInputs(["pixel_values": try images.hostEntries(rows)]),
            labels: try labels?.entries(rows), indices: indices)
    }

    public func finish(_ batch: Batch, _ epoch: Epoch?) throws -> Batch {
        var batch = batch
        if let pixels = batch.inputs["pixel_values"], pixels.shape[1] < channelCount {
            batch.inputs.tensors["pixel_values"] = try pixels.expanded([-1, channelCount, -1, -1])
        }
        return try stage(batch, epoch, isCropped: false, classCount: classNames?.count)
    }
}
