import Torch

/// The fifteen common corruptions of ImageNet-C, named as its folders are.
///
/// Parameters are those published for images of 224 × 224 pixels; they count in pixels at every
/// size, as the reference's do. `docs/corruptions.md` says where an operator departs from it.
///
/// - Source: Hendrycks & Dietterich 2019, *Benchmarking Neural Network Robustness to Common
///   Corruptions and Perturbations*, with the package `imagenet-c` 0.0.3.
public enum Corruption: String, CaseIterable, Sendable {
    case gaussianNoise = "gaussian_noise"
    case shotNoise = "shot_noise"
    case impulseNoise = "impulse_noise"
    case defocusBlur = "defocus_blur"
    case glassBlur = "glass_blur"
    case motionBlur = "motion_blur"
    case zoomBlur = "zoom_blur"
    case snow
    case frost
    case fog
    case brightness
    case contrast
    case elasticTransform = "elastic_transform"
    case pixelate
    case jpegCompression = "jpeg_compression"

    public static let severities = 1...5
    /// The smallest height and width that ``apply(_:severity:seeds:)`` takes, in pixels.
    public static let smallestSize = 32

    /// Corrupts images, on the device where they lie; nothing but severity, seed and pixels decides
    /// what an image becomes.
    ///
    /// - Parameters:
    ///   - images: `[batch, 3, height, width]` uint8, red first; sizes of at least
    ///     ``smallestSize``.
    ///   - severity: 1, mild, to 5.
    ///   - seeds: one for each image. With one seed, the severities share their random draws.
    /// - Returns: uint8 of the same shape.
    /// - Throws: ``DatasetError/corruption(_:)`` for another severity, shape, type or number of seeds.
    public func apply(_ images: Tensor, severity: Int, seeds: [UInt64]) throws -> Tensor {
        try check(images, severity, seeds)
        if seeds.isEmpty { return images }
        var random = try RandomStreams(seeds: seeds, device: images.device)
        let pixels = try images.to(nil, .float32)
        let level = severity - 1
        let corrupted =
            switch self {
            case .gaussianNoise: try NoiseCorruptions.gaussian(pixels, level, &random)
            case .shotNoise: try NoiseCorruptions.shot(images, level, &random)
            case .impulseNoise: try NoiseCorruptions.impulse(pixels, level, &random)
            case .defocusBlur: try BlurCorruptions.defocus(pixels, level)
            case .glassBlur: try BlurCorruptions.glass(pixels, level, &random)
            case .motionBlur: try BlurCorruptions.motion(pixels, level, random)
            case .zoomBlur: try BlurCorruptions.zoom(pixels, level)
            case .snow: try WeatherCorruptions.snow(pixels, level, &random)
            case .frost: try WeatherCorruptions.frost(pixels, level, &random)
            case .fog: try WeatherCorruptions.fog(pixels, level, &random)
            case .brightness: try DigitalCorruptions.brightness(pixels, level)
            case .contrast: try DigitalCorruptions.contrast(pixels, level)
            case .elasticTransform: try DigitalCorruptions.elastic(pixels, level, &random)
            case .pixelate: try DigitalCorruptions.pixelate(pixels, level)
            case .jpegCompression: try DigitalCorruptions.jpeg(pixels, level)
            }
        return try corrupted.truncatedToPixels()
    }

    /// Corrupts images with seeds drawn from one: see ``apply(_:severity:seeds:)``.
    public func apply(_ images: Tensor, severity: Int, seed: UInt64) throws -> Tensor {
        let count = images.shape.first ?? 0
        return try apply(images, severity: severity, seeds: Self.imageSeeds(seed, count: count))
    }

    /// The seeds of `count` images from one seed; the first of them do not depend on the count.
    public static func imageSeeds(_ seed: UInt64, count: Int) -> [UInt64] {
        var generator = SplitMix64(seed: seed)
        return (0..<count).map { _ in generator.next() }
    }

    private func check(_ images: Tensor, _ severity: Int, _ seeds: [UInt64]) throws {
        guard Self.severities.contains(severity) else {
            throw DatasetError.corruption("\(rawValue) has the severities 1 to 5, found \(severity)")
        }
        let shape = images.shape
        guard images.dataType == .uint8, shape.count == 4, shape[1] == 3,
            shape[2] >= Self.smallestSize, shape[3] >= Self.smallestSize
        else {
            throw DatasetError.corruption(
                "\(rawValue) takes images [batch, 3, height, width] of uint8 of at least "
                    + "\(Self.smallestSize) × \(Self.smallestSize) pixels, found \(shape) of \(images.dataType)"
            )
        }
        guard shape[0] == seeds.count else {
            throw DatasetError.corruption(
                "\(rawValue) needs a seed for each image, found \(seeds.count) for \(shape[0])")
        }
    }
}

extension Tensor {
    /// Numbers as pixels: limited to 0…255 and cut to integers, as the reference does.
    func truncatedToPixels() throws -> Tensor {
        // A whole number must not become the next lower one by an error of rounding.
        try (clamped(to: 0...255) + 0x1p-10).to(nil, .uint8)
    }
}
