import Foundation
import Preprocessing
import Torch

/// Samples such as JPEG or FLAC files, by their numbers.
public protocol SampleStore: Sendable {
    var count: Int { get }
    /// The class of each sample; nil where there are none.
    var labels: [Int]? { get }
    /// The text of each sample; nil where there are none.
    var texts: [String]? { get }
    /// The language of each recording by its code, such as `fr` or `zh-CN`, nil where it is not told; nil where
    /// none is.
    var languages: [String?]? { get }
    /// The names of the classes by label; nil without labels.
    var classNames: [String]? { get }
    /// Bytes of each sample.
    var byteCounts: [Int]? { get }
    /// Where a sample lies, for messages.
    func place(of index: Int) -> String
    /// The name of a sample's file, whose extension tells formats that have no marks of their own.
    func name(of index: Int) -> String
    /// The bytes of a sample.
    func read(_ index: Int) throws -> Data
    /// A recording at a rate: `[samples]` float32.
    func clip(_ index: Int, sampleRate: Int) throws -> Tensor
    /// All samples in random order.
    func order(_ generator: inout SplitMix64) -> [Int]
}

extension SampleStore {
    public var texts: [String]? { nil }
    public var languages: [String?]? { nil }
    public var byteCounts: [Int]? { nil }
    public func name(of index: Int) -> String { place(of: index) }

    public func clip(_ index: Int, sampleRate: Int) throws -> Tensor {
        try AudioDecoder.decode(read(index), name: name(of: index), sampleRate: sampleRate)
    }

    /// Adds what a store knows of its samples to what a dataset tells of itself.
    func fingerprint(_ description: Fingerprint) -> UInt64 {
        var fingerprint = description
        fingerprint.add(labels)
        fingerprint.add(byteCounts)
        for text in texts ?? [] { fingerprint.add(text) }
        for language in languages ?? [] { fingerprint.add(language ?? "") }
        return fingerprint.value
    }

    public func order(_ generator: inout SplitMix64) -> [Int] {
        Array(0..<count).shuffled(using: &generator)
    }
}
