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
    public func batch(_ indices: [Int]) throws -> Batch { try base.batch(indices) }
}
