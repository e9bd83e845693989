import Torch

/// What software does to images: pixels are `[batch, 3, height, width]` in 0…255, results the same.
enum DigitalCorruptions {
    /// The value of HSV raised by c, hue and saturation kept: the channels grow in proportion.
    static func brightness(_ pixels: Tensor, _ level: Int) throws -> Tensor {
        let added = 255 * [0.1, 0.2, 0.3, 0.4, 0.5][level]
        let value = try pixels.maximum(axes: [1], keepDimension: true)
        let raised = try (value + added).clamped(to: 0...255)
        // Black has no hue: it becomes grey.
        return try value.equals(0).choose(raised, pixels * (raised / value.clamped(minimum: 1)))
    }

    /// `(x - mean) · c + mean`, the mean that of the channel over the image.
    static func contrast(_ pixels: Tensor, _ level: Int) throws -> Tensor {
        let kept = [0.4, 0.3, 0.2, 0.1, 0.05][level]
        let mean = try pixels.mean(axes: [2, 3], keepDimension: true)
        return try (pixels - mean) * kept + mean
    }

    /// Warped: see ``ElasticWarp``.
    static func elastic(_ pixels: Tensor, _ level: Int, _ random: inout RandomStreams) throws -> Tensor {
        let warp = ElasticWarp.levels[level]
        return try warp(pixels, &random)
    }

    /// Reduced to a share c of the size and enlarged again, by box filters rounded as Pillow's.
    static func pixelate(_ pixels: Tensor, _ level: Int) throws -> Tensor {
        let share = [0.6, 0.5, 0.4, 0.3, 0.25][level]
        let (height, width) = (try pixels.size(-2), try pixels.size(-1))
        let (rows, columns) = (Int(Double(height) * share), Int(Double(width) * share))
        let reduced = try AxisFilter.box(from: height, to: rows)
            .alongHeight(AxisFilter.box(from: width, to: columns).alongWidth(pixels).halvesRoundedUp())
            .halvesRoundedUp()
        return try AxisFilter.box(from: rows, to: height)
            .alongHeight(AxisFilter.box(from: columns, to: width).alongWidth(reduced))
    }

    /// Compressed as JPEG of quality c: see ``JPEGQuantisation``.
    static func jpeg(_ pixels: Tensor, _ level: Int) throws -> Tensor {
        try JPEGQuantisation(quality: [25, 18, 15, 10, 7][level])(pixels)
    }
}

extension Tensor {
    /// The nearest integers; halves become the next higher one.
    func halvesRoundedUp() throws -> Tensor {
        // An error of rounding must not decide about a half.
        try (self + (0.5 + 0x1p-12)).roundedDown()
    }
}
