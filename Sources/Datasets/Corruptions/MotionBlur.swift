import Foundation
import Torch

/// Blur along a direction, the weights half a Gaussian: `Σ w[i] · x(position + i · direction)` with
/// `w[i] ∝ exp(-i² / 2σ²)` for 0 ≤ i ≤ 2 · radius, positions rounded to pixels, edges replicated.
///
/// - Source: ImageMagick's `MotionBlurImage`, whose definition this is.
struct MotionBlur {
    private let weights: [Double]

    /// - Parameters: in pixels.
    init(radius: Int, deviation: Double) {
        let raw = (0...2 * radius).map { exp(-pow(Double($0) / deviation, 2) / 2) }
        let sum = raw.reduce(0, +)
        weights = raw.map { $0 / sum }
    }

    /// - Parameters:
    ///   - images: `[batch, channels, height, width]`, in 0…255.
    ///   - degrees: a direction for each image, from the x axis towards the y axis, which goes down.
    /// - Returns: the same shape, cut to integers as ImageMagick's are.
    func callAsFunction(_ images: Tensor, degrees: [Double]) throws -> Tensor {
        let blurred = try degrees.enumerated().map { index, degrees in
            try blur(images.slice(index..<index + 1, axis: 0), degrees * .pi / 180)
        }
        return try (Tensor.concatenated(blurred) + 0x1p-10).roundedDown()
    }

    private func blur(_ image: Tensor, _ angle: Double) throws -> Tensor {
        let (height, width) = (try image.size(-2), try image.size(-1))
        let steps = weights.indices.map { step -> (x: Int, y: Int) in
            (
                Int((Double(step) * cos(angle) - 0.5).rounded(.up)),
                Int((Double(step) * sin(angle) - 0.5).rounded(.up))
            )
        }
        let (left, right) = (-(steps.map(\.x).min() ?? 0), steps.map(\.x).max() ?? 0)
        let (top, bottom) = (-(steps.map(\.y).min() ?? 0), steps.map(\.y).max() ?? 0)
        let padded = try image.paddedReplicating(left: left, right: right, top: top, bottom: bottom)
        let sum = try image.zerosLike()
        for (step, weight) in zip(steps, weights) {
            let moved = try padded.slice(step.y + top..<step.y + top + height, axis: -2)
                .slice(step.x + left..<step.x + left + width, axis: -1)
            try sum.addInPlace(moved, times: weight)
        }
        return sum
    }
}
