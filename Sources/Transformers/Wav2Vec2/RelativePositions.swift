import Foundation
import Torch

/// How WavLM tells distances between frames apart.
public struct RelativePositionSizes: Sendable, Equatable {
    public let bucketCount: Int
    /// From here on all distances share a bucket.
    public let largestDistance: Int

    /// - Throws: `JSONError` for impossible sizes.
    public init(_ reader: JSONObjectReader) throws {
        bucketCount = try reader.integer("num_buckets", default: 320, in: 4...1_000_000)
        largestDistance = try reader.integer("max_bucket_distance", default: 800, in: 1...1_000_000)
        guard largestDistance > bucketCount / 4 else {
            throw reader.invalid(
                "max_bucket_distance", expected: "more than a quarter of num_buckets \(bucketCount)")
        }
    }

    /// The bucket of a distance, key minus query: half of them for keys that come later; near distances
    /// have one each, farther ones share them on a logarithmic scale.
    func bucket(_ distance: Int) -> Int {
        let half = bucketCount / 2
        let exact = half / 2
        let start = distance > 0 ? half : 0
        let distance = abs(distance)
        if distance < exact { return start + distance }
        // In single precision, as the model was trained.
        let scale = Float(log(Double(largestDistance) / Double(exact)))
        let share = log(Float(distance) / Float(exact)) / scale * Float(half - exact)
        return start + min(exact + Int(share), half - 1)
    }
}

/// What each head adds to the scores of attention for each distance between query and key.
///
/// - Output: `[1, heads, frames, frames]`.
/// - Parameters: `table.weight [buckets, heads]`.
/// - Source: Chen et al. 2022 (WavLM), section 3.1; `WavLMAttention` of transformers.
public struct RelativePositions: Layer {
    public let table: Embedding
    let sizes: RelativePositionSizes

    init(_ sizes: RelativePositionSizes, headCount: Int) throws {
        table = try Embedding(count: sizes.bucketCount, width: headCount)
        self.sizes = sizes
    }

    public var children: [(name: String, layer: any Layer)] { [("table", table)] }

    func callAsFunction(frameCount: Int) throws -> Tensor {
        let device = table.weight.device
        let buckets = (1 - frameCount..<frameCount).map(sizes.bucket)
        let values = try table(Tensor(buckets).to(device))  // [distances, heads]
        let numbers = try Tensor.range(0..<frameCount, device: device)
        // Key minus query, from 0.
        let distances =
            try Tensor.range(frameCount - 1..<2 * frameCount - 1, device: device)
            .unsqueezed(0) - numbers.unsqueezed(1)  // [frames, frames]
        return try distances.lookedUp(in: values).permuted([2, 0, 1]).unsqueezed(0)
    }
}

/// How strongly a frame's query feels the relative positions:
/// `a · (b · constant - 1) + 2` with `a, b = sigmoid` of two sums of the projected head.
///
/// - Input: `[batch, frames, width]`; output: `[batch, heads, frames, 1]`.
/// - Parameters: `projection` of a head's width to 8, `constant [1, heads, 1, 1]`.
/// - Source: Chen et al. 2022 (WavLM), equations 4 to 6; `WavLMAttention` of transformers.
public struct RelativePositionGate: Layer {
    public let projection: Linear
    public let constant: Tensor
    private let headCount: Int

    init(width: Int, headCount: Int) throws {
        projection = try Linear(inputWidth: width / headCount, outputWidth: 8)
        constant = try .empty([1, headCount, 1, 1])
        self.headCount = headCount
    }

    public var parameters: [(name: String, tensor: Tensor)] { [("constant", constant)] }
    public var children: [(name: String, layer: any Layer)] { [("projection", projection)] }

    func callAsFunction(_ states: Tensor) throws -> Tensor {
        let (batch, frames) = (try states.size(0), try states.size(1))
        let heads = try states.reshaped([batch, frames, headCount, projection.inputWidth])
            .transposed(1, 2)  // [batch, heads, frames, headWidth]
        let gates = try projection(heads).reshaped([batch, headCount, frames, 2, 4])
            .sum(axis: -1).sigmoid()  // [batch, heads, frames, 2]
        let (first, second) = try (gates.slice(0..<1, axis: -1), gates.slice(1..<2, axis: -1))
        return try first * (second * constant - 1) + 2
    }
}
