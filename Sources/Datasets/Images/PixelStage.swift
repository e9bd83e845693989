import Torch
import Transformers

private enum Operators {
    static let divideInPlace = Operator("aten::div_", "Tensor")
    static let divideByNumberInPlace = Operator("aten::div_", "Scalar")
    static let subtractInPlace = Operator("aten::sub_", "Tensor")
}

/// The part of preparing images that runs on the device: cropping, changes of colour, mixing,
/// normalisation.
struct PixelStage: Sendable {
    private let mean: Tensor
    private let deviation: Tensor
    /// Height and width that the model takes; nil leaves the images as they are.
    let size: Int?
    var augmentation = AugmentationOptions()
    /// Whether samples are mixed with each other too.
    var mixes = false

    /// - Parameter mean: of each channel, over values in 0…1; pixels become
    ///   `(x / 255 - mean) / deviation`.
    init(mean: [Double], deviation: [Double], size: Int? = nil) throws {
        self.mean = try Tensor(mean.map(Float.init), shape: [1, mean.count, 1, 1])
        self.deviation = try Tensor(deviation.map(Float.init), shape: [1, deviation.count, 1, 1])
        self.size = size
    }

    /// Whether a pass over the data is to have random changes.
    func augments(_ epoch: Epoch?) -> Bool { epoch != nil && augmentation.enabled }

    /// - Parameters:
    ///   - batch: `pixel_values` `[batch, channels, height, width]` uint8.
    ///   - isCropped: whether crops were taken before, in which case they are only flipped here.
    ///   - classCount: nil for data without labels.
    func callAsFunction(
        _ batch: Batch, _ epoch: Epoch?, isCropped: Bool, classCount: Int?
    ) throws -> Batch {
        let raw = try batch.inputs.required("pixel_values")
        var batch = batch
        // In place, since every new tensor of a batch costs the host more than the arithmetic.
        var pixels = try Operators.divideByNumberInPlace(.tensor(raw.to(nil, .float32)), .double(255))
        if let epoch, augmentation.enabled {
            pixels = try augmented(pixels, batch.indices, epoch, isCropped: isCropped)
            if mixes, let labels = batch.labels, let classCount {
                let shape = pixels.shape
                let mixing = Mixing(
                    augmentation, samples: batch.indices, height: shape[2], width: shape[3], epoch)
                (pixels, batch.labels) = try mixing(pixels, labels, classCount: classCount)
            }
        } else if !isCropped, let size, raw.shape[2] != size || raw.shape[3] != size {
            let box = CropBox.centreSquare(height: raw.shape[2], width: raw.shape[3])
            pixels = try resampled(pixels, Array(repeating: box, count: raw.shape[0]), flips: nil, size)
        }
        let centred = try Operators.subtractInPlace(.tensor(pixels), .tensor(mean.sent(to: pixels.device)))
        batch.inputs.tensors["pixel_values"] = try Operators.divideInPlace(
            .tensor(centred), .tensor(deviation.sent(to: pixels.device)))
        return batch
    }

    private func augmented(
        _ pixels: Tensor, _ samples: [Int], _ epoch: Epoch, isCropped: Bool
    ) throws -> Tensor {
        let shape = pixels.shape
        let flips = samples.map { sample in
            var generator = epoch.generator(sample: sample, .flip)
            return generator.unit() < augmentation.flipProbability
        }
        var pixels = pixels
        if isCropped {
            let isFlipped = try Tensor(flips).sent(to: pixels.device).reshaped([flips.count, 1, 1, 1])
            pixels = try isFlipped.choose(pixels.flipped(3), pixels)
        } else {
            let boxes = samples.map { crop(of: $0, height: shape[2], width: shape[3], epoch) }
            pixels = try resampled(pixels, boxes, flips: flips, size ?? shape[2])
        }
        return try corrupted(
            ColourAugmentation(augmentation, samples: samples, epoch)(pixels), samples, epoch)
    }

    private func corrupted(_ pixels: Tensor, _ samples: [Int], _ epoch: Epoch) throws -> Tensor {
        guard augmentation.corruptionProbability > 0 else { return pixels }
        let corruption = try Corruption.Augmentation(
            severities: 1...augmentation.largestSeverity, probability: augmentation.corruptionProbability)
        let seeds = samples.map { sample in
            var generator = epoch.generator(sample: sample, .corruption)
            return generator.next()
        }
        let levels = try (pixels * 255).rounded().to(nil, .uint8)
        return try corruption(levels, seeds: seeds).to(nil, .float32) / 255
    }

    /// The crop that a sample gets in an epoch.
    func crop(of sample: Int, height: Int, width: Int, _ epoch: Epoch) -> CropBox {
        var generator = epoch.generator(sample: sample, .crop)
        return .random(height: height, width: width, augmentation, &generator)
    }

    private func resampled(_ pixels: Tensor, _ boxes: [CropBox], flips: [Bool]?, _ size: Int) throws -> Tensor
    {
        try Resampling(boxes: boxes, flips: flips ?? boxes.map { _ in false }, size: size)(pixels)
            .clamped(to: 0...1)
    }
}
