import Foundation
import Preprocessing
import Torch
import Transformers

/// Recordings, perhaps with what is said in them, decoded when their batch comes.
public struct AudioDataset: Dataset {
    public let store: any SampleStore
    public let classNames: [String]? = nil
    private let frontEnd: AudioFrontEnd
    private let badSamples: BadSamples
    private let labels: [[Int]]?

    /// What a label of a shorter text is filled up with: losses leave it out.
    public static let padding = -100

    /// - Parameters:
    ///   - store: recordings, perhaps with texts.
    ///   - frontEnd: what makes inputs and labels of them.
    ///   - badSamples: whether recordings that cannot be decoded, and texts without labels, are
    ///     left out.
    /// - Throws: ``DatasetError/sample(place:_:)`` for a text that has no labels.
    public init(
        _ store: any SampleStore, _ frontEnd: AudioFrontEnd, badSamples: BadSamples = BadSamples()
    ) throws {
        self.store = store
        self.frontEnd = frontEnd
        self.badSamples = badSamples
        guard let encode = frontEnd.encode, let texts = store.texts else {
            labels = nil
            return
        }
        labels = try texts.enumerated().map { index, text in
            try badSamples.keep(store.place(of: index)) {
                let labels = try encode(text)
                if labels.isEmpty { throw DatasetError.reason("the text \"\(text)\" gives no labels") }
                return labels
            } ?? []
        }
    }

    public var count: Int { store.count }
    public var fingerprint: UInt64 { store.fingerprint(description) }
    public var lengths: [Int]? { store.byteCounts }
    public func order(_ generator: inout SplitMix64) -> [Int] { store.order(&generator) }

    /// What is said in a recording; nil where that is not known.
    public func text(of index: Int) -> String? { store.texts?[index] }

    public func place(of index: Int) -> String? { store.place(of: index) }

    /// One recording at the model's rate: `[samples]` float32.
    public func samples(of index: Int) throws -> Tensor {
        try store.clip(index, sampleRate: frontEnd.sampleRate)
    }

    /// Inputs as the front end makes them; labels `[batch, labels]` int64, filled up with -100.
    ///
    /// A decoder gets its prompt and then the text as `decoder_input_ids`; labels are what comes after each
    /// of its tokens, -100 for those of the prompt. Without texts it gets the prompt alone.
    public func batch(_ indices: [Int]) throws -> Batch {
        var kept: [Int] = []
        let clips = try indices.compactMap { index -> Tensor? in
            if let labels, labels[index].isEmpty { return nil }
            let clip = try badSamples.keep(store.place(of: index)) {
                let clip = try samples(of: index)
                if let labels, let problem = frontEnd.problem?(clip.elementCount, labels[index]) {
                    throw DatasetError.reason(problem)
                }
                return clip
            }
            if clip != nil { kept.append(index) }
            return clip
        }
        guard !clips.isEmpty else {
            throw DatasetError.nothingLeft(batch: indices.count, places: indices.map(store.place))
        }
        var inputs = try frontEnd.inputs(clips)
        var rows = labels.map { labels in kept.map { labels[$0] } }
        let prompt = frontEnd.decoderPrompt
        if !prompt.isEmpty {
            let tokens = rows?.map { prompt + $0.dropLast() } ?? clips.map { _ in prompt }
            inputs.tensors["decoder_input_ids"] = try Self.padded(tokens, with: prompt[0])
            inputs.tensors["decoder_attention_mask"] = try Self.padded(
                tokens.map { $0.map { _ in 1 } }, with: 0)
            let unlearnt = Array(repeating: Self.padding, count: prompt.count - 1)
            rows = rows.map { $0.map { unlearnt + $0 } }
        }
        return Batch(
            inputs: inputs, labels: try rows.map { try Self.padded($0, with: Self.padding) }, indices: kept)
    }

    private static func padded(_ rows: [[Int]], with filler: Int) throws -> Tensor {
        let width = rows.map(\.count).max() ?? 0
        let filled = rows.flatMap { $0 + Array(repeating: filler, count: width - $0.count) }
        return try Tensor(filled, shape: [rows.count, width])
    }
}
