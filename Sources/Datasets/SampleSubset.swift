/// Some samples of another dataset, by their numbers in it.
///
/// `Batch.indices` of what it gives are numbers in the base.
public struct SampleSubset: AugmentableDataset {
    public let base: any Dataset
    /// In ascending order.
    public let numbers: [Int]
    private let positions: [Int: Int]

    /// - Parameters:
    ///   - base: where the samples are.
    ///   - numbers: of the samples to take, each once.
    public init(_ base: any Dataset, numbers: [Int]) {
        self.base = base
        self.numbers = numbers.sorted()
        positions = Dictionary(
            self.numbers.enumerated().map { ($1, $0) }, uniquingKeysWith: { first, _ in first })
    }

    /// The first samples of the base, at most all.
    public init(_ base: any Dataset, first count: Int) {
        self.init(base, numbers: Array(0..<min(count, base.count)))
    }

    public var count: Int { numbers.count }
    public var classNames: [String]? { base.classNames }
    public var hasLabels: Bool { base.hasLabels }
    public var lengths: [Int]? { base.lengths.map { lengths in numbers.map { lengths[$0] } } }
    public func place(of index: Int) -> String? { base.place(of: numbers[index]) }

    public var fingerprint: UInt64 {
        var fingerprint = Fingerprint()
        fingerprint.add(base.fingerprint)
        fingerprint.add(numbers)
        return fingerprint.value
    }

    public func batch(_ indices: [Int]) throws -> Batch { try base.batch(indices.map { numbers[$0] }) }

    public func load(_ indices: [Int], _ epoch: Epoch?) throws -> Batch {
        let asked = indices.map { numbers[$0] }
        var batch = try base.load(asked, epoch)
        if batch.indices.isEmpty { batch.indices = asked }
        return batch
    }

    public func finish(_ batch: Batch, _ epoch: Epoch?) throws -> Batch { try base.finish(batch, epoch) }

    /// The base's order without the rest, so that neighbours in a shard stay near each other.
    public func order(_ generator: inout SplitMix64) -> [Int] {
        base.order(&generator).compactMap { positions[$0] }
    }

    /// The same samples of the augmented base; unchanged where the base cannot be augmented.
    public func augmented(_ options: AugmentationOptions, mixes: Bool) -> SampleSubset {
        guard let images = base as? any AugmentableDataset else { return self }
        return SampleSubset(images.augmented(options, mixes: mixes), numbers: numbers)
    }
}
