import Foundation
import Torch

/// Blur of lenses and movement: pixels are `[batch, 3, height, width]` in 0…255, results the same.
enum BlurCorruptions {
    /// The mean over a disk, its rim softened.
    static func defocus(_ pixels: Tensor, _ level: Int) throws -> Tensor {
        let (radius, softness) = [(3, 0.1), (4, 0.5), (6, 0.5), (8, 0.5), (10, 0.5)][level]
        let kernel = try disk(radius: radius, softness: softness)
        let margin = try kernel.size(0) / 2
        return try pixels.paddedReflecting(margin).correlatedByTransform(kernel.to(pixels.device))
    }

    /// `[size, size]`: a disk of sum one, blurred by a Gaussian of 3 × 3 (5 × 5 above radius 8) pixels.
    private static func disk(radius: Int, softness: Double) throws -> Tensor {
        let extent = max(radius, 8)
        let size = 2 * extent + 1
        let inside = (0..<size * size).map { position -> Double in
            let (x, y) = (position % size - extent, position / size - extent)
            return x * x + y * y <= radius * radius ? 1 : 0
        }
        let sum = inside.reduce(0, +)
        let sharp = try Tensor(inside.map { Float($0 / sum) }, shape: [size, size])
        let taps = radius <= 8 ? 1.0 : 2.0
        return try sharp.blurred(deviation: softness, reach: taps / softness, border: .reflected)
    }

    /// Blurred, pixels exchanged with near ones, blurred again.
    static func glass(_ pixels: Tensor, _ level: Int, _ random: inout RandomStreams) throws -> Tensor {
        let (deviation, distance, rounds) = [
            (0.7, 1, 2), (0.9, 2, 1), (1, 2, 3), (1.1, 3, 2), (1.5, 4, 2),
        ][level]
        var images = try (pixels.blurred(deviation: deviation, border: .replicated) + 0x1p-10).roundedDown()
        let shuffle = try GlassShuffle(
            height: pixels.size(-2), width: pixels.size(-1), distance: distance, device: pixels.device)
        for _ in 0..<rounds { images = try shuffle(images, &random) }
        return try images.blurred(deviation: deviation, border: .replicated)
    }

    /// Moved in a direction between -45° and 45°, another for each image.
    static func motion(_ pixels: Tensor, _ level: Int, _ random: RandomStreams) throws -> Tensor {
        let (radius, deviation) = [(10, 3.0), (15, 5), (15, 8), (15, 12), (20, 15)][level]
        let blur = MotionBlur(radius: radius, deviation: deviation)
        return try blur(pixels, degrees: random.hostGenerators.map { -45 + 90 * $0.firstUnit })
    }

    /// The mean of the image and of enlargements of its centre.
    static func zoom(_ pixels: Tensor, _ level: Int) throws -> Tensor {
        let (end, step) = [(1.11, 0.01), (1.16, 0.01), (1.21, 0.02), (1.26, 0.02), (1.31, 0.03)][level]
        // As many as NumPy's arange(1, end, step) has.
        let count = Int(((end - 1) / step).rounded(.up))
        let sum = try pixels.clone()
        for index in 0..<count {
            try sum.addInPlace(pixels.zoomed(1 + step * Double(index)))
        }
        return try sum / Double(count + 1)
    }
}

extension SplitMix64 {
    /// The generator's first number in 0 ..< 1.
    var firstUnit: Double {
        var copy = self
        return copy.unit()
    }
}

extension Tensor {
    /// The centre of images `[batch, channels, height, width]`, enlarged by linear interpolation to
    /// their size.
    func zoomed(_ factor: Double) throws -> Tensor {
        let (height, width) = (try size(-2), try size(-1))
        let (rows, columns) = (ZoomedAxis(height, factor), ZoomedAxis(width, factor))
        let crop = try slice(rows.source, axis: -2).slice(columns.source, axis: -1)
        let y = try Tensor(rows.positions, shape: [height, 1]).expanded([height, width])
        let x = try Tensor(columns.positions, shape: [1, width]).expanded([height, width])
        let positions = try Tensor.stacked([x, y], axis: -1).unsqueezed(0).to(device)
            .expanded([size(0), height, width, 2])
        return try crop.sampled(at: positions, border: .replicated)
    }
}

/// Where an axis of an enlarged centre takes its pixels.
struct ZoomedAxis {
    let source: Range<Int>
    /// Of each output pixel within the source, whose first and last pixel are -1 and 1.
    let positions: [Float]

    init(_ size: Int, _ factor: Double) {
        let count = Int((Double(size) / factor).rounded(.up))
        let start = (size - count) / 2
        source = start..<start + count
        let enlarged = Int((Double(count) * factor).rounded(.toNearestOrEven))
        let trimmed = (enlarged - size) / 2
        positions = (0..<size).map { Float(2 * Double($0 + trimmed) / Double(enlarged - 1) - 1) }
    }
}
