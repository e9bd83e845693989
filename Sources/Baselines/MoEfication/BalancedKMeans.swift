import Datasets
import Torch

/// Parts vectors into clusters of one and the same size.
///
/// Lloyd's iterations, in which the nearest pairs of vector and centre are joined first, as long as the
/// centre's cluster has room.
enum BalancedKMeans {
    /// - Parameters:
    ///   - vectors: `[count, width]`; `count` is a multiple of `clusterCount`.
    ///   - clusterCount: how many clusters.
    ///   - seed: decides which vectors are the first centres.
    ///   - iterationLimit: ends it where clusters still change.
    /// - Returns: the vectors' numbers, cluster after cluster.
    static func cluster(
        _ vectors: Tensor, clusterCount: Int, seed: UInt64, iterationLimit: Int = 20
    ) throws -> [Int] {
        let vectors = try vectors.detach().to(.cpu, .float32)
        let count = try vectors.size(0)
        let size = count / clusterCount
        var random = SplitMix64(seed: seed)
        var numbers = Array(0..<count)
        numbers.shuffle(using: &random)
        var centres = try vectors.entries(Tensor(Array(numbers.prefix(clusterCount))))
        var order: [Int] = []
        for _ in 0..<iterationLimit {
            let next = try assign(vectors, centres, size: size)
            if next == order { break }
            order = next
            centres = try vectors.entries(Tensor(order)).reshaped([clusterCount, size, -1]).mean(axis: 1)
        }
        return order
    }

    private static func assign(_ vectors: Tensor, _ centres: Tensor, size: Int) throws -> [Int] {
        let clusterCount = try centres.size(0)
        // |v - c|² without |v|², which is the same for all centres, would not order pairs of other vectors.
        let distances =
            try vectors.square().sum(axis: 1, keepDimension: true) + centres.square().sum(axis: 1)
            - vectors.matmul(centres.transposed(0, 1)) * 2  // [count, clusters]
        let pairs = try distances.flattened().sorted().indices.array(of: Int.self)
        var members: [[Int]] = Array(repeating: [], count: clusterCount)
        var isTaken = Array(repeating: false, count: try vectors.size(0))
        for pair in pairs {
            let (vector, cluster) = pair.quotientAndRemainder(dividingBy: clusterCount)
            guard !isTaken[vector], members[cluster].count < size else { continue }
            isTaken[vector] = true
            members[cluster].append(vector)
        }
        return members.flatMap { $0.sorted() }
    }
}
