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
    /// What a decoder's tokens begin with; nil for models without one.
    private let prompts: [[Int]]?

    /// What a label of a shorter text is filled up with: losses leave it out.
    public static let padding = -100

    /// - Parameters:
    ///   - store: recordings, perhaps with texts.
    ///   - frontEnd: what makes inputs and labels of them.
    ///   - badSamples: whether recordings that cannot be decoded, texts without labels, and languages that
    ///     the model does not know are left out.
    /// - Throws: ``DatasetError/sample(place:_:)`` for a text that has no labels, or such a language.
    public init(
        _ store: any SampleStore, _ frontEnd: AudioFrontEnd, badSamples: BadSamples = BadSamples()
    ) throws {
        self.store = store
        self.frontEnd = frontEnd
        self.badSamples = badSamples
        let languages = store.languages
        // Of recordings that are left out it stays empty.
        prompts = try frontEnd.decoderPrompt.map { prompt in
            var known: [String?: [Int]] = [:]
            return try (0..<store.count).map { index in
                let language = languages?[index]
                if let tokens = known[language] { return tokens }
                known[language] = try badSamples.keep(store.place(of: index)) { try prompt(language) }
                return known[language] ?? []
            }
        }
        guard let encode = frontEnd.encode, let texts = store.texts else {
            labels = nil
            return
        }
        labels = try texts.enumerated().map { [prompts] index, text in
            if prompts?[index].isEmpty == true { return [] }
            return try badSamples.keep(store.place(of: index)) {
                let labels = try encode(text, languages?[index])
                if labels.isEmpty { throw DatasetError.reason("the text \"\(text)\" gives no labels") }
                return labels
            } ?? []
        }
    }

    public var count: Int { store.count }
    public var hasLabels: Bool { labels != nil }
    public var fingerprint: UInt64 { store.fingerprint(description) }
    public var lengths: [Int]? { store.byteCounts }
    public func order(_ generator: inout SplitMix64) -> [Int] { store.order(&generator) }

    /// What is said in a recording; nil where that is not known.
    public func text(of index: Int) -> String? { store.texts?[index] }

    /// The code of a recording's language; nil where that is not told.
    public func language(of index: Int) -> String? { store.languages?[index] }

    public func place(of index: Int) -> String? { store.place(of: index) }

    /// One recording at the model's rate: `[samples]` float32.
    public func samples(of index: Int) throws -> Tensor {
        try store.clip(index, sampleRate: frontEnd.sampleRate)
    }

    /// Inputs as the front end makes them; labels `[batch, labels]` int64, filled up with -100.
    ///
    /// A decoder gets the prompt of the recording's language and then the text as `decoder_input_ids`; labels are
    /// what comes after each of its tokens, -100 for those of the prompt. Without texts it gets the prompt alone.
    public func batch(_ indices: [Int]) throws -> Batch {
        var kept: [Int] = []
        let clips = try indices.compactMap { index -> Tensor? in
            if labels?[index].isEmpty == true || prompts?[index].isEmpty == true { return nil }
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
        if let prompts = prompts.map({ prompts in kept.map { prompts[$0] } }) {
            let tokens = rows.map { zip(prompts, $0).map { $0 + $1.dropLast() } } ?? prompts
            inputs.tensors["decoder_input_ids"] = try Self.padded(tokens, with: prompts[0][0])
            inputs.tensors["decoder_attention_mask"] = try Self.padded(
                tokens.map { $0.map { _ in 1 } }, with: 0)
            rows = rows.map { rows in
                zip(prompts, rows).map { Array(repeating: Self.padding, count: $0.count - 1) + $1 }
            }
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
