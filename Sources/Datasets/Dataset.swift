import Torch

/// Samples by their number.
///
/// A batch is made in two parts: ``load(_:_:)`` reads and decodes on the host, on one of several
/// threads; ``finish(_:_:)`` does the arithmetic that is left, such as normalising pixels, on the
/// device where the batch then lies. ``batch(_:)`` does both on the host.
public protocol Dataset: Sendable {
    var count: Int { get }
    /// The names of the classes by label; nil for data without labels.
    var classNames: [String]? { get }
    /// Whether batches have labels: classes, or what is said in recordings.
    var hasLabels: Bool { get }
    /// How long each sample is, in any one unit, where they differ: batches then hold samples of
    /// like length.
    var lengths: [Int]? { get }
    /// The file of a sample, with a line or the member of an archive where there is one; nil for data
    /// whose samples have none.
    func place(of index: Int) -> String?
    /// Tells the samples, with their labels, from others; files count by name and size.
    var fingerprint: UInt64 { get }
    /// The samples that `indices` name, as for evaluation. Those that cannot be read may be left
    /// out; `Batch.indices` tells which there are.
    func batch(_ indices: [Int]) throws -> Batch
    /// All samples in random order, as the generator has it.
    func order(_ generator: inout SplitMix64) -> [Int]
    /// - Parameters:
    ///   - indices: numbers of the samples.
    ///   - epoch: what decides about random changes of the samples; nil makes none.
    func load(_ indices: [Int], _ epoch: Epoch?) throws -> Batch
    func finish(_ batch: Batch, _ epoch: Epoch?) throws -> Batch
}

extension Dataset {
    public var hasLabels: Bool { true }

    public func place(of index: Int) -> String? { nil }

    public var fingerprint: UInt64 { description.value }

    /// What all datasets tell of themselves.
    var description: Fingerprint {
        var fingerprint = Fingerprint()
        fingerprint.add([count])
        fingerprint.add(lengths)
        for name in classNames ?? [] { fingerprint.add(name) }
        for index in 0..<count { fingerprint.add(place(of: index)) }
        return fingerprint
    }

    public func order(_ generator: inout SplitMix64) -> [Int] {
        Array(0..<count).shuffled(using: &generator)
    }

    public func load(_ indices: [Int], _ epoch: Epoch?) throws -> Batch { try batch(indices) }
    public func finish(_ batch: Batch, _ epoch: Epoch?) throws -> Batch { batch }

    /// Batches in the order of the samples.
    public func batchesInOrder(size: Int) -> [[Int]] {
        stride(from: 0, to: count, by: size).map { Array($0..<min($0 + size, count)) }
    }

    /// Batches of samples of like length, as a server would have them, from the shortest to the longest.
    public func batchesByLength(size: Int) -> [[Int]] {
        guard let lengths else { return batchesInOrder(size: size) }
        let order = (0..<count).sorted { (lengths[$0], $0) < (lengths[$1], $1) }
        return batchesInOrder(size: size).map { $0.map { order[$0] } }
    }

    /// The batches of one epoch, in an order that seed and epoch alone decide. The last, partial
    /// batch is left out unless it is the only one.
    public func shuffledBatches(size: Int, seed: UInt64, epoch: Int) -> [[Int]] {
        var generator = Epoch(seed: seed, number: epoch).generator
        let order = order(&generator)
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
