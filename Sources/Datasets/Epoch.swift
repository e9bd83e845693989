/// One pass over the data, which with the number of a sample decides all that is random about it.
public struct Epoch: Sendable, Equatable {
    public let seed: UInt64
    /// From 0; -1 for what comes before training.
    public let number: Int

    public init(seed: UInt64, number: Int) {
        self.seed = seed
        self.number = number
    }

    /// The generator of the pass as a whole, for the order of its samples.
    public var generator: SplitMix64 {
        // Mixed, since the states of neighbouring seeds follow each other.
        SplitMix64(seed: SplitMix64.mixed(seed ^ SplitMix64.mixed(UInt64(bitPattern: Int64(number)))))
    }

    /// What can be random about a sample. Each has its own generator, so that one that draws more
    /// than before leaves the others as they were.
    public enum Purpose: UInt64, Sendable {
        case crop = 1
        case flip, filter, colour, mix, corruption
    }

    public func generator(sample: Int, _ purpose: Purpose) -> SplitMix64 {
        var words = generator
        let sampleWord = UInt64(bitPattern: Int64(sample)) &+ purpose.rawValue << 56
        let word = words.next() ^ SplitMix64.mixed(sampleWord)
        return SplitMix64(seed: SplitMix64.mixed(word))
    }
}
