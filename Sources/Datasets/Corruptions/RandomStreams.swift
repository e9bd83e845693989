import Foundation
import Torch

/// Random numbers for each image of a batch, from a seed of its own.
///
/// The n-th number of an image is the n-th of ``SplitMix64`` with its seed, computed for all images
/// and numbers at once: the same on every device, whatever else is in the batch, and without
/// libtorch's own generators.
struct RandomStreams {
    /// One for each image.
    let seeds: [UInt64]
    private let states: Tensor  // [batch, 1] int64
    private var drawn = 0

    private static let step = Int(bitPattern: 0x9E37_79B9_7F4A_7C15)
    private static let firstFactor = Int(bitPattern: 0xBF58_476D_1CE4_E5B9)
    private static let secondFactor = Int(bitPattern: 0x94D0_49BB_1331_11EB)

    init(seeds: [UInt64], device: Device) throws {
        self.seeds = seeds
        states = try Tensor(seeds.map { Int(bitPattern: UInt($0)) }, shape: [seeds.count, 1]).to(device)
    }

    /// Generators on the host, one for each image, that have nothing in common with the streams.
    var hostGenerators: [SplitMix64] {
        seeds.map { SplitMix64(seed: ~$0) }
    }

    /// `[batch, count]` int64, all bits random.
    mutating func bits(_ count: Int) throws -> Tensor {
        let numbers = try Tensor.range(drawn + 1..<drawn + 1 + count, device: states.device)
        drawn += count
        var mixed = try states + numbers.multiplied(by: Self.step)  // [batch, count]
        mixed = try mixed.bitwiseExclusiveOr(mixed.shiftedRight(30)).multiplied(by: Self.firstFactor)
        mixed = try mixed.bitwiseExclusiveOr(mixed.shiftedRight(27)).multiplied(by: Self.secondFactor)
        return try mixed.bitwiseExclusiveOr(mixed.shiftedRight(31))
    }

    /// `[batch, …]` float32 from the uniform distribution over the multiples of 2⁻²⁴ in [0, 1).
    mutating func uniform(_ shape: [Int]) throws -> Tensor {
        let count = shape.reduce(1, *)
        let (high, low) = try halves((count + 1) / 2)
        let both = try Tensor.concatenated([high, low], axis: 1).slice(0..<count, axis: 1)
        return try (both * 0x1p-24).reshaped([seeds.count] + shape)
    }

    /// `[batch, …]` float32 from the standard normal distribution, within ±5.8.
    ///
    /// - Source: Box & Muller 1958.
    mutating func normal(_ shape: [Int]) throws -> Tensor {
        let count = shape.reduce(1, *)
        let (high, low) = try halves((count + 1) / 2)
        let radius = try (((high + 1) * 0x1p-24).logarithm() * -2).squareRoot()
        let angle = try low * (2 * Double.pi * 0x1p-24)
        let both = try Tensor.concatenated([radius * angle.cosine(), radius * angle.sine()], axis: 1)
        return try both.slice(0..<count, axis: 1).reshaped([seeds.count] + shape)
    }

    /// The highest and the lowest 24 of 64 bits as float32 integers, each `[batch, count]`.
    private mutating func halves(_ count: Int) throws -> (high: Tensor, low: Tensor) {
        let bits = try bits(count)
        return (
            try bits.shiftedRight(40).to(nil, .float32), try bits.bitwiseAnd(0xFF_FFFF).to(nil, .float32)
        )
    }
}
