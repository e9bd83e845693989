import Foundation
import Torch

/// Turns images into a vision model's `pixel_values`, as a Hugging Face image processor does.
///
/// `y = (crop(resize(x)) · rescaleFactor − mean) / deviation`
///
/// Resizing is antialiased, on whole levels of 0 ... 255, and gives Pillow's pixels within one level (but
/// for about two in ten million, which are two off).
/// May be used from many threads at once.
public struct ImageProcessor: Sendable {
    public let configuration: ImageProcessorConfiguration

    private let mean: Tensor  // [3, 1, 1]
    private let deviation: Tensor  // [3, 1, 1]

    public init(_ configuration: ImageProcessorConfiguration) throws {
        self.configuration = configuration
        mean = try Tensor(configuration.mean.map(Float.init), shape: [3, 1, 1])
        deviation = try Tensor(configuration.deviation.map(Float.init), shape: [3, 1, 1])
    }

    /// Reads `preprocessor_config.json` of a Hugging Face model folder.
    ///
    /// - Throws: ``PreprocessingError`` if it is missing, malformed, or asks for what is not done here.
    public init(folder: URL) throws {
        try self.init(ImageProcessorConfiguration(folder: folder))
    }

    /// The model's input for one image: `[3, height, width] uint8` to `[3, height, width] float32`.
    ///
    /// - Throws: ``PreprocessingError`` for another shape or type.
    public func process(_ image: Tensor) throws -> Tensor {
        try normalized(resized(image))
    }

    /// The model's input for images of any sizes: `[batch, 3, height, width] float32`.
    ///
    /// - Throws: ``PreprocessingError`` for other shapes, or when the images come out in several sizes, as
    ///   they may where nothing is cropped.
    public func processBatch(_ images: [Tensor]) throws -> Tensor {
        let pixels = try images.map(resized)
        if let first = pixels.first?.shape, let other = pixels.first(where: { $0.shape != first })?.shape {
            throw PreprocessingError.invalidArgument(
                operation: "Making a batch of images", expected: "one size after resizing, \(first)",
                found: "\(other)")
        }
        return try normalized(Tensor.stacked(pixels))
    }

    /// Resized and cropped, before the numbers change: `[3, height, width] uint8` to the same with the
    /// model's height and width.
    ///
    /// - Throws: ``PreprocessingError`` for another shape or type.
    public func resized(_ image: Tensor) throws -> Tensor {
        let shape = image.shape
        guard image.dataType == .uint8, shape.count == 3, shape[0] == 3, shape[1] > 0, shape[2] > 0 else {
            throw PreprocessingError.invalidArgument(
                operation: "Resizing an image", expected: "uint8 [3, height, width] with some pixels",
                found: "\(image.dataType) \(shape)")
        }
        let size = configuration.resizedSize(height: shape[1], width: shape[2])
        let resized = try image.resized(
            height: size.height, width: size.width, by: configuration.interpolation)
        guard let crop = configuration.cropSize else { return resized }
        return try resized.centred(crop.height, axis: 1).centred(crop.width, axis: 2)
    }

    /// Rescaled and normalised: `[…, 3, height, width] uint8` to the same in float32, on the same device.
    public func normalized(_ pixels: Tensor) throws -> Tensor {
        var numbers = try pixels.to(nil, .float32).contiguous()
        if let factor = configuration.rescaleFactor { numbers = try numbers * factor }
        guard configuration.normalizes else { return numbers }
        let device = numbers.device
        return try (numbers - mean.to(device)) / deviation.to(device)
    }
}

extension Tensor {
    /// The middle of an axis, as many elements as told; zeros around where there are fewer.
    fileprivate func centred(_ count: Int, axis: Int) throws -> Tensor {
        let missing = count - shape[axis]
        guard missing > 0 else {
            let start = -missing / 2
            return missing == 0 ? self : try slice(start..<start + count, axis: axis)
        }
        let before = (missing + 1) / 2
        return try transposed(axis, rank - 1).paddedLast(before: before, after: missing - before)
            .transposed(axis, rank - 1)
    }
}
