import Foundation
import Torch

/// Frost on a window, drawn instead of photographed.
///
/// The reference lays crops of five photographs over the images. Here each image draws one of five
/// kinds; mean, deviation and the energy of three bands of frequency are those measured in 224-pixel
/// crops of the photographs, the shapes are our own: white noise smeared along smooth directions for
/// the needles, and clouds beneath them.
struct FrostTexture {
    let height: Int
    let width: Int
    /// The kind that all images get; nil for one drawn for each.
    var kind: Int?

    /// What was measured of a photograph, in units of 0…255: the goldens' `frost`.
    private struct Kind {
        /// Red, green, blue.
        let mean, deviation: [Double]
        /// Of the mean over crops.
        let variation: Double
        /// Variance of the luminance below 1/32, up to 1/8 and above 1/8 cycles a pixel.
        let bands: [Double]
        /// Whether needles stand out brightly (1) or as dark gaps (-1).
        let sign: Double
    }

    private static let kinds: [Kind] = [
        Kind(
            mean: [78, 148, 165], deviation: [23, 14, 13], variation: 9, bands: [139, 28, 79], sign: 1),
        Kind(
            mean: [197, 202, 211], deviation: [20, 20, 21], variation: 6, bands: [166, 118, 127],
            sign: -1),
        // The reference holds this photograph twice.
        Kind(
            mean: [197, 202, 211], deviation: [20, 20, 21], variation: 6, bands: [166, 118, 127],
            sign: -1),
        Kind(
            mean: [145, 160, 173], deviation: [27, 27, 28], variation: 6, bands: [192, 171, 362],
            sign: 1),
        Kind(
            mean: [102, 114, 126], deviation: [36, 35, 35], variation: 12, bands: [438, 388, 454],
            sign: 1),
    ]

    /// Blurs that part the bands of frequency.
    private static let (coarse, fine) = (8.0, 1.5)
    /// Doublings of the needles' length, from one pixel.
    private static let doublings = 5

    /// `[batch, 3, height, width]` in the range of pixels, not limited to it.
    func callAsFunction(_ random: inout RandomStreams, device: Device) throws -> Tensor {
        let draws = random.hostGenerators.map { generator in
            var generator = generator
            let drawn = Int(generator.unit() * Double(Self.kinds.count))
            return (kind: Self.kinds[kind ?? drawn], shift: generator.unit() * 2 - 1)
        }
        func column(_ values: (Kind, Double) -> [Double]) throws -> Tensor {
            let rows = draws.map { values($0.kind, $0.shift) }
            return try Tensor(rows.flatMap { $0.map(Float.init) }, shape: [rows.count, rows[0].count, 1, 1])
                .to(device)
        }
        // A uniform draw of deviation one reaches √3.
        let mean = try column { kind, shift in
            kind.mean.map { $0 + shift * 3.0.squareRoot() * kind.variation }
        }
        let scale = try column { kind, _ in
            let total = kind.bands.reduce(0, +).squareRoot()
            return kind.deviation.map { $0 / total }
        }
        let bands = try column { kind, _ in kind.bands.map { $0.squareRoot() } }
        let needles =
            try (needles(&random) * column { kind, _ in [0.6 * kind.sign] }).exponential()
            * column { kind, _ in [kind.sign] }
        let soft = try needles.blurred(deviation: Self.fine, border: .mirrored)
        let clouds = try random.normal([1, height, width]).blurred(
            deviation: 1.25 * Self.coarse, border: .mirrored)
        let parts = try Tensor.concatenated(
            [
                clouds.standardised(),
                (soft - needles.blurred(deviation: Self.coarse, border: .mirrored)).standardised(),
                (needles - soft).standardised(),
            ], axis: 1)  // [batch, 3 bands, height, width]
        return try mean + (parts * bands).sum(axis: 1, keepDimension: true) * scale
    }

    /// Noise smeared over 2^doublings pixels along a smooth field of directions: `[batch, 1, height,
    /// width]` of mean 0 and deviation 1.
    ///
    /// The mean of n steps along the field is the mean of n/2 steps and of the n/2 from where they end.
    private func needles(_ random: inout RandomStreams) throws -> Tensor {
        let count = random.seeds.count
        let field = try random.normal([2, height, width]).blurred(deviation: 12, border: .mirrored)
        var step = try field / (field.norm(axes: [1], keepDimension: true) + 1e-9)  // x and y, in pixels
        var values = try random.normal([1, height, width])
        let pixelsToPositions = try Tensor([2 / Float(width), 2 / Float(height)], shape: [1, 2, 1, 1])
            .to(field.device)
        let positions = try identityPositions().to(field.device)
        for _ in 0..<Self.doublings {
            let ends = try (positions + step * pixelsToPositions).permuted([0, 2, 3, 1])
            let there = try Tensor.concatenated([values, step], axis: 1).sampled(at: ends, border: .mirrored)
            values = try (values + there.slice(0..<1, axis: 1)).standardised()
            step = try step + there.slice(1..<3, axis: 1)
        }
        return try values.reshaped([count, 1, height, width])
    }

    /// `[1, 2, height, width]`: x and y of each pixel between the outer edges, which are -1 and 1.
    private func identityPositions() throws -> Tensor {
        let x = (0..<width).map { Float(2 * $0 + 1) / Float(width) - 1 }
        let y = (0..<height).map { Float(2 * $0 + 1) / Float(height) - 1 }
        return try Tensor.stacked(
            [
                Tensor(x, shape: [1, width]).expanded([height, width]),
                Tensor(y, shape: [height, 1]).expanded([height, width]),
            ]
        ).unsqueezed(0)
    }
}

extension Tensor {
    /// Images `[batch, channels, height, width]`, each channel with mean 0 and deviation 1.
    func standardised() throws -> Tensor {
        let centred = try self - mean(axes: [2, 3], keepDimension: true)
        let variance = try centred.square().mean(axes: [2, 3], keepDimension: true)
        return try centred / (variance + 1e-12).squareRoot()
    }
}
