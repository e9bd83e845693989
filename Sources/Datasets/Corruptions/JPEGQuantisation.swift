import Foundation
import Torch

/// What a JPEG file of some quality loses, without the file: colour transform, chroma at half the
/// size, cosine transform of 8 × 8 blocks, quantisation, and back. The entropy coding between loses
/// nothing and is left out, so that whole batches pass through on any device.
///
/// Steps and rounding are those of libjpeg's defaults (4:2:0, smooth upsampling), save that the
/// cosine transforms are in float32.
///
/// - Source: ITU-T T.81, annexes A and K; JFIF 1.02 for the colours.
struct JPEGQuantisation {
    private let luminance: [Float]
    private let chrominance: [Float]

    /// - Parameter quality: 1 to 100, as libjpeg counts it.
    init(quality: Int) {
        let scale = quality < 50 ? 5000 / quality : 200 - 2 * quality
        func scaled(_ table: [Int]) -> [Float] {
            table.map { Float(min(max(($0 * scale + 50) / 100, 1), 255)) }
        }
        luminance = scaled(Self.luminanceTable)
        chrominance = scaled(Self.chrominanceTable)
    }

    /// - Parameter pixels: `[batch, 3, height, width]`, integers in 0…255; the result is of this kind.
    func callAsFunction(_ pixels: Tensor) throws -> Tensor {
        let (height, width) = (try pixels.size(-2), try pixels.size(-1))
        let padded = try pixels.paddedReplicating(
            left: 0, right: (16 - width % 16) % 16, top: 0, bottom: (16 - height % 16) % 16)
        let (red, green, blue) = (
            try padded.slice(0..<1, axis: 1), try padded.slice(1..<2, axis: 1),
            try padded.slice(2..<3, axis: 1)
        )
        let grey = try padded.luminance().halvesRoundedUp()
        let blueDifference = try (red * -0.168735892 + green * -0.331264108 + blue * 0.5 + 128)
            .halvesRoundedUp()
        let redDifference = try (red * 0.5 + green * -0.418687589 + blue * -0.081312411 + 128)
            .halvesRoundedUp()
        let chroma = try halved(Tensor.concatenated([blueDifference, redDifference], axis: 1))

        let y = try quantised(grey, luminance).slice(0..<height, axis: 2).slice(0..<width, axis: 3)
        let differences =
            try doubled(
                quantised(chroma, chrominance).slice(0..<(height + 1) / 2, axis: 2)
                    .slice(0..<(width + 1) / 2, axis: 3)
            ).slice(0..<height, axis: 2).slice(0..<width, axis: 3) - 128
        let (cb, cr) = (try differences.slice(0..<1, axis: 1), try differences.slice(1..<2, axis: 1))
        return try Tensor.concatenated(
            [
                y + (cr * 1.402).halvesRoundedUp(),
                y + (cb * -0.344136286 + cr * -0.714136286).halvesRoundedUp(),
                y + (cb * 1.772).halvesRoundedUp(),
            ], axis: 1
        ).clamped(to: 0...255)
    }

    /// The means of 2 × 2 pixels; halves are rounded down and up in turn.
    private func halved(_ images: Tensor) throws -> Tensor {
        let shape = images.shape
        let (height, width) = (shape[2] / 2, shape[3] / 2)
        let sums = try images.reshaped([shape[0], shape[1], height, 2, width, 2]).sum(axes: [3, 5])
        let bias = try Tensor((0..<width).map { Float(1 + $0 % 2) }).to(images.device)
        return try ((sums + bias) / 4).roundedDown()
    }

    /// Twice the height and width; halves are rounded up and down in turn.
    private func doubled(_ images: Tensor) throws -> Tensor {
        let (height, width) = (try images.size(-2), try images.size(-1))
        let widened = try AxisFilter.doubling(size: width)
            .alongWidth(AxisFilter.doubling(size: height).alongHeight(images))
        let bias = try Tensor((0..<2 * width).map { Float(8 - $0 % 2) }).to(images.device)
        return try ((widened * 16 + bias) / 16 + 0x1p-12).roundedDown()
    }

    /// Through the cosine transform, quantisation and the inverse: integers in 0…255.
    private func quantised(_ planes: Tensor, _ table: [Float]) throws -> Tensor {
        let shape = planes.shape
        let (rows, columns) = (shape[2] / 8, shape[3] / 8)
        let transform = try Tensor(Self.cosines, shape: [64, 64]).to(planes.device)
        let steps = try Tensor(table).to(planes.device)
        let blocks = try (planes - 128).reshaped([shape[0], shape[1], rows, 8, columns, 8])
            .permuted([0, 1, 2, 4, 3, 5])  // [batch, planes, rows, columns, 8, 8]
            .reshaped([-1, 64])
        let coefficients = try (blocks.matmul(transform.transposed(0, 1)) / steps).rounded() * steps
        return try (coefficients.matmul(transform) + 128).halvesRoundedUp().clamped(to: 0...255)
            .reshaped([shape[0], shape[1], rows, columns, 8, 8])
            .permuted([0, 1, 2, 4, 3, 5])  // [batch, planes, rows, 8, columns, 8]
            .reshaped(shape)
    }

    /// The orthonormal cosine transform of 8 × 8 pixels: `[64 frequencies, 64 pixels]`.
    private static let cosines: [Float] = (0..<4096).map { element in
        let (frequency, pixel) = (element / 64, element % 64)
        func factor(_ frequency: Int, _ place: Int) -> Double {
            let scale = frequency == 0 ? 0.125.squareRoot() : 0.5
            return scale * cos(Double((2 * place + 1) * frequency) * .pi / 16)
        }
        return Float(factor(frequency / 8, pixel / 8) * factor(frequency % 8, pixel % 8))
    }

    private static let luminanceTable = [
        16, 11, 10, 16, 24, 40, 51, 61, 12, 12, 14, 19, 26, 58, 60, 55,
        14, 13, 16, 24, 40, 57, 69, 56, 14, 17, 22, 29, 51, 87, 80, 62,
        18, 22, 37, 56, 68, 109, 103, 77, 24, 35, 55, 64, 81, 104, 113, 92,
        49, 64, 78, 87, 103, 121, 120, 101, 72, 92, 95, 98, 112, 100, 103, 99,
    ]

    private static let chrominanceTable = [
        17, 18, 24, 47, 99, 99, 99, 99, 18, 21, 26, 66, 99, 99, 99, 99,
        24, 26, 56, 99, 99, 99, 99, 99, 47, 66, 99, 99, 99, 99, 99, 99,
        99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99,
        99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99,
    ]
}
