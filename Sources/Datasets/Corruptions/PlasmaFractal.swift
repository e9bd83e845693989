import Torch

/// Clouds: heights on a torus by the diamond-square algorithm, scaled to 0…1.
///
/// A grid of one point is refined again and again: the middle of each square becomes the mean of its
/// corners, then the middle of each edge the mean of its four neighbours, each plus a draw from
/// ±amplitude²; the amplitude starts at 100 and is divided by `decay` at each refinement.
///
/// - Source: Fournier, Fussell & Carpenter 1982; constants of the reference.
struct PlasmaFractal {
    /// Points along an edge, a power of two.
    let size: Int
    let decay: Double

    /// `[batch, size, size]` float32.
    func callAsFunction(_ random: inout RandomStreams, device: Device) throws -> Tensor {
        var grid = try Tensor.zeros([random.seeds.count, 1, 1], device: device)
        var amplitude = 100.0
        var points = 1
        while points < size {
            let draws = try (random.uniform([3, points, points]) * 2 - 1) * (amplitude * amplitude)
            let right = try grid + grid.rolled(-1, axis: 2)
            let below = try grid + grid.rolled(-1, axis: 1)
            let middle = try (right + right.rolled(-1, axis: 1)) / 4 + draws.select(0, axis: 1)
            let top = try (right + middle + middle.rolled(1, axis: 1)) / 4 + draws.select(1, axis: 1)
            let left = try (below + middle + middle.rolled(1, axis: 2)) / 4 + draws.select(2, axis: 1)
            let upper = try Tensor.stacked([grid, top], axis: 3)  // [batch, points, points, 2]
            let lower = try Tensor.stacked([left, middle], axis: 3)
            points *= 2
            grid = try Tensor.stacked([upper, lower], axis: 2)  // [batch, half, 2, half, 2]
                .reshaped([random.seeds.count, points, points])
            amplitude /= decay
        }
        let lowest = try grid.minimum(axes: [1, 2], keepDimension: true)
        let highest = try grid.maximum(axes: [1, 2], keepDimension: true)
        return try (grid - lowest) / (highest - lowest)
    }
}
