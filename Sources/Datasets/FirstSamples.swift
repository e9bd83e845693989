/// The first samples of another dataset.
public struct FirstSamples: Dataset {
    public let base: any Dataset
    public let count: Int

    public init(_ base: any Dataset, count: Int) {
        self.base = base
        self.count = min(count, base.count)
    }

    public var classNames: [String]? { base.classNames }
    public var lengths: [Int]? { base.lengths.map { Array($0.prefix(count)) } }
    public func place(of index: Int) -> String? { base.place(of: index) }
    public var fingerprint: UInt64 {
        var fingerprint = Fingerprint()
        fingerprint.add(base.fingerprint)
        fingerprint.add([count])
        return fingerprint.value
    }
    public func batch(_ indices: [Int]) throws -> Batch { try base.batch(indices) }
    public func load(_ indices: [Int], _ epoch: Epoch?) throws -> Batch { try base.load(indices, epoch) }
    public func finish(_ batch: Batch, _ epoch: Epoch?) throws -> Batch { try base.finish(batch, epoch) }
    /// The base's order without the rest, so that neighbours in a shard stay near each other.
    public func order(_ generator: inout SplitMix64) -> [Int] {
        count == base.count
            ? base.order(&generator) : base.order(&generator).filter { $0 < count }
    }
}
