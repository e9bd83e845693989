import Foundation
import Synchronization

/// The samples of tar shards in WebDataset's layout, which are read where they lie and never
/// extracted.
///
/// Opening goes once through the headers, reading the labels on its way. An epoch then goes through
/// the shards in random order, each from its start to its end, and gives a random one of the
/// ``windowCount`` samples that it is at: what a buffer of so many would give, but without one, since
/// a sample's bytes are read when its turn comes. So memory holds no data but the batches in flight,
/// and an epoch can be entered at any batch.
public struct TarShards: SampleStore {
    /// Samples among which the next is drawn.
    public static let windowCount = 5000

    public let labels: [Int]?
    public let texts: [String]?
    public let languages: [String?]?
    public let classNames: [String]?
    public let byteCounts: [Int]?
    private let files: ShardFiles
    private let samples: [(shard: Int32, offset: Int, key: String)]
    /// The samples of each shard.
    private let ranges: [Range<Int>]
    /// Whether the shards hold audio rather than images.
    public let isAudio: Bool

    /// - Parameters:
    ///   - urls: the shards, in the order of their samples.
    ///   - modelClasses: the classes of a classifier, in which labels count; nil for other models.
    ///   - badSamples: whether samples that cannot be read are left out.
    /// - Throws: ``DatasetError`` and `FileError`.
    public init(
        _ urls: [URL], modelClasses: [String]? = nil, badSamples: BadSamples = BadSamples()
    ) throws {
        var indices = try Self.index(urls, badSamples)
        let place = urls.first?.relativePath ?? "shards"
        let areLabelled = indices.contains { $0.samples.contains { $0.label != nil } }
        if areLabelled, !indices.contains(where: \.hasAudio) {
            for (shard, url) in urls.enumerated() {
                try indices[shard].leaveUnlabelledOut(url.relativePath, badSamples)
            }
        }
        var labels: [ShardIndex.Label?] = []
        var texts: [String?] = []
        var languages: [String?] = []
        var byteCounts: [Int] = []
        var samples: [(Int32, Int, String)] = []
        var ranges: [Range<Int>] = []
        for (shard, index) in indices.enumerated() {
            ranges.append(samples.count..<samples.count + index.samples.count)
            for sample in index.samples {
                samples.append((Int32(shard), sample.range.lowerBound, sample.key))
                byteCounts.append(sample.range.count)
                labels.append(sample.label)
                texts.append(sample.text)
                languages.append(sample.language)
            }
        }
        guard !samples.isEmpty else { throw DatasetError.empty(file: place) }
        let isAudio = indices.contains { $0.hasAudio }
        if isAudio, indices.contains(where: \.hasImages) {
            throw DatasetError.unreadable(file: place, "has images and audio mixed")
        }
        self.isAudio = isAudio
        self.samples = samples
        self.byteCounts = byteCounts
        self.ranges = ranges
        files = ShardFiles(urls)
        self.texts = texts.contains { $0 == nil } ? nil : texts.compactMap { $0 }
        self.languages = isAudio && languages.contains { $0 != nil } ? languages : nil
        guard !isAudio, labels.contains(where: { $0 != nil }) else {
            self.labels = nil
            classNames = nil
            return
        }
        (self.labels, classNames) = try Self.number(
            labels, list: urls.first.flatMap { try ClassList.find(for: $0.deletingLastPathComponent()) },
            modelClasses, place: { "\(urls[Int(samples[$0].0)].relativePath), \(samples[$0].2)" })
    }

    public var count: Int { samples.count }

    public func place(of index: Int) -> String {
        "\(files.urls[Int(samples[index].shard)].relativePath), \(samples[index].key)"
    }

    public func read(_ index: Int) throws -> Data {
        let (shard, offset, _) = samples[index]
        let byteCount = byteCounts?[index] ?? 0
        return try files(Int(shard)).whole(offset..<offset + byteCount)
    }

    public func order(_ generator: inout SplitMix64) -> [Int] {
        Self.order(ranges, window: Self.windowCount, &generator)
    }

    /// The numbers of all ranges, these in random order, through a window of so many numbers.
    static func order(_ ranges: [Range<Int>], window: Int, _ generator: inout SplitMix64) -> [Int] {
        var order: [Int] = []
        var buffer: [Int] = []
        for number in ranges.shuffled(using: &generator).joined() {
            guard buffer.count >= window else {
                buffer.append(number)
                continue
            }
            let place = Int.random(in: 0..<buffer.count, using: &generator)
            order.append(buffer[place])
            buffer[place] = number
        }
        buffer.shuffle(using: &generator)
        return order + buffer
    }

    /// Several shards at a time.
    private static func index(_ urls: [URL], _ badSamples: BadSamples) throws -> [ShardIndex] {
        let results = Mutex<[Int: Result<ShardIndex, any Error>]>([:])
        DispatchQueue.concurrentPerform(iterations: urls.count) { number in
            let result = Result { try ShardIndex(urls[number], badSamples) }
            results.withLock { $0[number] = result }
        }
        let found = results.withLock { $0 }
        return try urls.indices.compactMap { try found[$0]?.get() }
    }

    /// Labels as numbers: as they are where all are, else by the classes' names.
    private static func number(
        _ labels: [ShardIndex.Label?], list: ClassList?, _ modelClasses: [String]?,
        place: (Int) -> String
    ) throws -> (labels: [Int], classNames: [String]) {
        let known = labels.compactMap { $0 }
        let numbers = known.compactMap { if case .number(let number) = $0 { number } else { nil } }
        if numbers.count == known.count {
            let names = modelClasses ?? list?.names
            let limit = names?.count ?? ImageTensorDataset.largestClassCount
            if let wrong = numbers.firstIndex(where: { !(0..<limit).contains($0) }) {
                throw DatasetError.sample(
                    place: place(wrong),
                    "has the label \(numbers[wrong]), which must lie in 0...\(limit - 1)")
            }
            return (numbers, names ?? (0...(numbers.max() ?? 0)).map(String.init))
        }
        let names = known.map { if case .name(let name) = $0 { name } else { "\($0)" } }
        let classes = try ClassNumbers(
            folders: Set(names).sorted(), list: list, modelClasses: modelClasses, place: place(0))
        return (
            try names.enumerated().map { index, name in
                guard let label = classes.label(of: name) else {
                    throw DatasetError.sample(
                        place: place(index), "has the label \"\(name)\", which is no class")
                }
                return label
            }, classes.classNames
        )
    }
}
