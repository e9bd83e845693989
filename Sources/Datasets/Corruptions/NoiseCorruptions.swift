import Foundation
import Torch

/// Noise of electronics: pixels are `[batch, 3, height, width]` in 0…255, results the same.
enum NoiseCorruptions {
    /// `x + 255 c · normal`
    static func gaussian(_ pixels: Tensor, _ level: Int, _ random: inout RandomStreams) throws -> Tensor {
        let deviation = [0.08, 0.12, 0.18, 0.26, 0.38][level]
        let noise = try random.normal(Array(pixels.shape.dropFirst()))
        return try pixels + noise * (255 * deviation)
    }

    /// `255 / c · Poisson(c · x / 255)`: c photons make the brightest pixel.
    ///
    /// - Parameter images: uint8.
    static func shot(_ images: Tensor, _ level: Int, _ random: inout RandomStreams) throws -> Tensor {
        let photons = [60, 25, 12, 5, 3][level]
        let draws = try random.uniform(Array(images.shape.dropFirst()))
        // A count is the number of cumulative probabilities that the draw reaches: a binary search in
        // the row of the pixel's value.
        var width = 1
        while width <= photons { width *= 2 }
        let table = try cumulativePoisson(photons: photons, width: width).to(images.device)
        let rows = try images.to(nil, .int64).multiplied(by: width)
        var found = rows
        var half = width / 2
        while half > 0 {
            let probability = try table.elements(at: found.adding(half - 1))
            let reached = try (draws - probability).isAtLeast(0)
            found = try found + reached.to(nil, .int64).multiplied(by: half)
            half /= 2
        }
        return try (found - rows).to(nil, .float32) * (255 / Double(photons))
    }

    /// Of each pixel value the probabilities of at most 0, 1, … photons: `[256, width]`. More than
    /// `photons` are as bright as these, so that the rows end there; what follows is never reached.
    private static func cumulativePoisson(photons: Int, width: Int) throws -> Tensor {
        var table = [Float](repeating: 2, count: 256 * width)
        for value in 0..<256 {
            let mean = Double(value * photons) / 255
            var probability = exp(-mean)
            var sum = 0.0
            for count in 0..<photons {
                sum += probability
                table[value * width + count] = Float(sum)
                probability *= mean / Double(count + 1)
            }
        }
        return try Tensor(table)
    }

    /// A share c of all values becomes 0 or 255, each channel for itself.
    static func impulse(_ pixels: Tensor, _ level: Int, _ random: inout RandomStreams) throws -> Tensor {
        let share = [0.03, 0.06, 0.09, 0.17, 0.27][level]
        let draws = try random.uniform(Array(pixels.shape.dropFirst()))
        return try pixels.masked(draws.isLess(than: share), value: 0)
            .masked(draws.isLess(than: share / 2), value: 255)
    }
}
