import Foundation
import Torch

/// A linear filter along one axis of an image, as the matrix `[output, input]` that applies it.
struct AxisFilter {
    let outputSize: Int
    let inputSize: Int
    private(set) var weights: [Float]

    private init(_ outputSize: Int, _ inputSize: Int) {
        self.outputSize = outputSize
        self.inputSize = inputSize
        weights = [Float](repeating: 0, count: outputSize * inputSize)
    }

    /// Weights `exp(-i² / 2σ²)` at the distances i within `reach` · σ, their sum made one.
    static func gaussian(size: Int, deviation: Double, reach: Double, border: ImageBorder) -> AxisFilter {
        let radius = Int(reach * deviation + 0.5)
        var kernel = (0...radius).map { exp(-0.5 * pow(Double($0) / deviation, 2)) }
        let sum = 2 * kernel.reduce(0, +) - kernel[0]
        kernel = kernel.map { $0 / sum }
        var filter = AxisFilter(size, size)
        for output in 0..<size {
            for offset in -radius...radius {
                let input = border.index(output + offset, size: size)
                filter.weights[output * size + input] += Float(kernel[abs(offset)])
            }
        }
        return filter
    }

    /// Means over the pixels whose centres lie within an output pixel, the nearest pixel where the
    /// output has more: Pillow's box filter.
    static func box(from inputSize: Int, to outputSize: Int) -> AxisFilter {
        let scale = Double(inputSize) / Double(outputSize)
        let support = max(scale, 1) / 2
        var filter = AxisFilter(outputSize, inputSize)
        for output in 0..<outputSize {
            let centre = (Double(output) + 0.5) * scale
            let candidates = max(Int(centre - support), 0)..<min(Int(centre + support) + 1, inputSize)
            let covered = candidates.filter {
                let distance = (Double($0) + 0.5 - centre) / max(scale, 1)
                return distance > -0.5 && distance <= 0.5
            }
            for input in covered {
                filter.weights[output * inputSize + input] = 1 / Float(covered.count)
            }
        }
        return filter
    }

    /// Twice as many samples, each 3/4 of the nearest and 1/4 of the next: JPEG's usual way to widen
    /// chroma.
    static func doubling(size: Int) -> AxisFilter {
        var filter = AxisFilter(2 * size, size)
        for output in 0..<2 * size {
            let nearest = output / 2
            let next = ImageBorder.replicated.index(nearest + (output % 2 == 0 ? -1 : 1), size: size)
            filter.weights[output * size + nearest] += 0.75
            filter.weights[output * size + next] += 0.25
        }
        return filter
    }

    /// Filters the rows' axis, the last but one, of `[…, input, width]`.
    func alongHeight(_ images: Tensor) throws -> Tensor {
        try matrix(on: images.device).matmul(images)
    }

    /// Filters the last axis of `[…, height, input]`.
    func alongWidth(_ images: Tensor) throws -> Tensor {
        try images.matmul(matrix(on: images.device).transposed(0, 1))
    }

    private func matrix(on device: Device) throws -> Tensor {
        try Tensor(weights, shape: [outputSize, inputSize]).to(device)
    }
}

extension ImageBorder {
    /// The pixel that stands for one beyond the edges.
    func index(_ index: Int, size: Int) -> Int {
        switch self {
        case .replicated: return min(max(index, 0), size - 1)
        case .reflected:
            if size == 1 { return 0 }
            let period = 2 * (size - 1)
            let inside = (index % period + period) % period
            return min(inside, period - inside)
        case .mirrored:
            let inside = (index % (2 * size) + 2 * size) % (2 * size)
            return min(inside, 2 * size - 1 - inside)
        }
    }
}

extension Tensor {
    /// Images `[…, height, width]` blurred in both directions.
    func blurred(deviation: Double, reach: Double = 4, border: ImageBorder) throws -> Tensor {
        let (height, width) = (try size(-2), try size(-1))
        let rows = AxisFilter.gaussian(size: height, deviation: deviation, reach: reach, border: border)
        let columns =
            height == width
            ? rows
            : AxisFilter.gaussian(size: width, deviation: deviation, reach: reach, border: border)
        return try columns.alongWidth(rows.alongHeight(self))
    }
}
