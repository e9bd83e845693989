import Torch

/// Weather: pixels are `[batch, 3, height, width]` in 0…255, results the same.
enum WeatherCorruptions {
    private struct Snow {
        let mean, deviation, zoom, threshold: Double
        let radius: Int
        let blur: Double
        /// The share of the image that is not whitened.
        let kept: Double
    }

    private static let snows = [
        Snow(mean: 0.1, deviation: 0.3, zoom: 3, threshold: 0.5, radius: 10, blur: 4, kept: 0.8),
        Snow(mean: 0.2, deviation: 0.3, zoom: 2, threshold: 0.5, radius: 12, blur: 4, kept: 0.7),
        Snow(mean: 0.55, deviation: 0.3, zoom: 4, threshold: 0.9, radius: 12, blur: 8, kept: 0.7),
        Snow(mean: 0.55, deviation: 0.3, zoom: 4.5, threshold: 0.85, radius: 12, blur: 8, kept: 0.65),
        Snow(mean: 0.55, deviation: 0.3, zoom: 2.5, threshold: 0.85, radius: 12, blur: 12, kept: 0.55),
    ]

    /// The image whitened, with two layers of flakes: noise enlarged, its highest parts kept and moved
    /// in a direction between -135° and -45°, and the same turned round.
    static func snow(_ pixels: Tensor, _ level: Int, _ random: inout RandomStreams) throws -> Tensor {
        let snow = snows[level]
        let (height, width) = (try pixels.size(-2), try pixels.size(-1))
        let noise = try random.normal([1, height, width]) * snow.deviation + snow.mean
        let enlarged = try noise.zoomed(snow.zoom)
        let seeds = try enlarged.masked(enlarged.isLess(than: snow.threshold), value: 0)
        let flakes = try (seeds.clamped(to: 0...1) * 255 + 0x1p-10).roundedDown()
        let blur = MotionBlur(radius: snow.radius, deviation: snow.blur)
        let layer = try blur(flakes, degrees: random.hostGenerators.map { -135 + 90 * $0.firstUnit })
        let white = try pixels.larger(pixels.luminance() * 1.5 + 127.5)
        return try pixels * snow.kept + white * (1 - snow.kept) + layer + layer.flipped(-1).flipped(-2)
    }

    /// The image darkened under a texture of frost.
    static func frost(_ pixels: Tensor, _ level: Int, _ random: inout RandomStreams) throws -> Tensor {
        let (image, frost) = [(1, 0.4), (0.8, 0.6), (0.7, 0.7), (0.65, 0.7), (0.6, 0.75)][level]
        let texture = try FrostTexture(height: pixels.size(-2), width: pixels.size(-1))
        return try pixels * image + texture(&random, device: pixels.device) * frost
    }

    /// Clouds added, the whole dimmed so that the brightest value stays in range.
    static func fog(_ pixels: Tensor, _ level: Int, _ random: inout RandomStreams) throws -> Tensor {
        let (thickness, decay) = [(1.5, 2), (2, 2), (2.5, 1.7), (2.5, 1.5), (3, 1.4)][level]
        let (height, width) = (try pixels.size(-2), try pixels.size(-1))
        // The reference's map has 256 points; larger images need a larger one.
        var size = 256
        while size < max(height, width) { size *= 2 }
        let clouds = try PlasmaFractal(size: size, decay: decay)(&random, device: pixels.device)
            .slice(0..<height, axis: 1).slice(0..<width, axis: 2).unsqueezed(1)
        let brightest = try pixels.maximum(axes: [1, 2, 3], keepDimension: true)
        let added = 255 * thickness
        return try (pixels + clouds * added) * (brightest / (brightest + added))
    }
}

extension Tensor {
    /// `0.299 red + 0.587 green + 0.114 blue` of `[batch, 3, height, width]`: `[batch, 1, …]`.
    func luminance() throws -> Tensor {
        let (red, green, blue) = (try select(0, axis: 1), try select(1, axis: 1), try select(2, axis: 1))
        return try (red * 0.299 + green * 0.587 + blue * 0.114).unsqueezed(1)
    }
}
