import Foundation
import Torch
import Transformers

/// Encoded images, decoded and brought to the model's size when their batch comes.
public struct ImageDataset: AugmentableDataset {
    public let store: any SampleStore
    public let lengths: [Int]? = nil
    private let preparation: ImagePreparation
    private let badSamples: BadSamples
    private var stage: PixelStage

    /// - Parameters:
    ///   - store: encoded images, perhaps with labels.
    ///   - preparation: what decodes them and brings them to the model's size.
    ///   - badSamples: whether images that cannot be decoded are left out.
    public init(
        _ store: any SampleStore, _ preparation: ImagePreparation, badSamples: BadSamples = BadSamples()
    ) throws {
        self.store = store
        self.preparation = preparation
        self.badSamples = badSamples
        stage = try PixelStage(
            mean: preparation.mean, deviation: preparation.deviation, size: preparation.size)
    }

    public var count: Int { store.count }
    public var classNames: [String]? { store.classNames }
    public var hasLabels: Bool { store.labels != nil }
    public var fingerprint: UInt64 { store.fingerprint(description) }
    public func order(_ generator: inout SplitMix64) -> [Int] { store.order(&generator) }

    public func place(of index: Int) -> String? { store.place(of: index) }

    /// One image as the model sees it, before its levels are normalised: `[3, size, size]` uint8.
    public func image(of index: Int) throws -> Tensor {
        try preparation.image(store.read(index), name: store.place(of: index))
    }

    public func augmented(_ options: AugmentationOptions, mixes: Bool) -> ImageDataset {
        var copy = self
        copy.stage.augmentation = options
        copy.stage.mixes = mixes
        return copy
    }

    public func batch(_ indices: [Int]) throws -> Batch { try finish(load(indices, nil), nil) }

    public func load(_ indices: [Int], _ epoch: Epoch?) throws -> Batch {
        let augments = stage.augments(epoch)
        var kept: [Int] = []
        let images = try indices.compactMap { index -> Tensor? in
            let image = try badSamples.keep(store.place(of: index)) {
                try preparation.image(store.read(index), name: store.place(of: index)) { height, width in
                    guard augments, let epoch else { return nil }
                    return stage.crop(of: index, height: height, width: width, epoch)
                }
            }
            if image != nil { kept.append(index) }
            return image
        }
        guard !images.isEmpty else {
            throw DatasetError.nothingLeft(batch: indices.count, places: indices.map(store.place))
        }
        return Batch(
            inputs: ModelInputs(["pixel_values": try Tensor.hostStacked(images)]),
            labels: try store.labels.map { labels in try Tensor(kept.map { labels[$0] }) }, indices: kept)
    }

    public func finish(_ batch: Batch, _ epoch: Epoch?) throws -> Batch {
        try stage(batch, epoch, isCropped: true, classCount: classNames?.count)
    }
}
