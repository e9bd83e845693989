import Torch
import Transformers

/// Some samples as a model takes them.
public struct Batch: Sendable {
    public let inputs: ModelInputs
    /// `[batch]` int64, where the data has labels; `[batch, labels]` int64 with -100 after the last of a
    /// row, where a sample has many, as for connectionist temporal classification.
    public let labels: Tensor?

    public init(inputs: ModelInputs, labels: Tensor?) {
        self.inputs = inputs
        self.labels = labels
    }

    public func to(_ device: Device) throws -> Batch {
        Batch(inputs: try inputs.to(device), labels: try labels?.to(device))
    }
}

/// Samples by their number.
public protocol Dataset: Sendable {
    var count: Int { get }
    /// The names of the classes by label; nil for data without labels.
    var classNames: [String]? { get }
    /// Tokens of each sample, where they differ: batches then hold samples of like length.
    var lengths: [Int]? { get }
    func batch(_ indices: [Int]) throws -> Batch
}

extension Dataset {
    /// Batches in the order of the samples.
    public func batchesInOrder(size: Int) -> [[Int]] {
        stride(from: 0, to: count, by: size).map { Array($0..<min($0 + size, count)) }
    }

    /// The batches of one epoch, in an order that seed and epoch alone decide. The last, partial
    /// batch is left out unless it is the only one.
    public func shuffledBatches(size: Int, seed: UInt64, epoch: Int) -> [[Int]] {
        var generator = SplitMix64(seed: seed &+ UInt64(bitPattern: Int64(epoch)) &* 0x9E37_79B9_7F4A_7C15)
        var order = Array(0..<count)
        order.shuffle(using: &generator)
        guard let lengths else { return cut(order, size) }
        // Samples of like length share a batch, within stretches long enough to stay random.
        let stretch = 32 * max(1, min(size, count))
        let sorted = stride(from: 0, to: count, by: stretch).flatMap { start in
            order[start..<min(start + stretch, count)].sorted { lengths[$0] < lengths[$1] }
        }
        var batches = cut(sorted, size)
        batches.shuffle(using: &generator)
        return batches
    }

    private func cut(_ order: [Int], _ size: Int) -> [[Int]] {
        guard order.count >= size else { return order.isEmpty ? [] : [order] }
        return stride(from: 0, through: order.count - size, by: size).map { Array(order[$0..<$0 + size]) }
    }
}

/// A small generator whose sequence its seed decides on every machine.
///
/// - Source: Steele, Lea & Flood 2014, figure 16.
public struct SplitMix64: RandomNumberGenerator, Sendable {
    private var state: UInt64

    public init(seed: UInt64) {
        state = seed
    }

    public mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    /// A number in 0 ..< 1.
    public mutating func unit() -> Double {
        Double(next() >> 11) * 0x1p-53
    }
}
