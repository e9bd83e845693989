import Foundation
import Preprocessing
import Torch
import Transformers

/// Texts, tokenised once, as inputs of a BERT.
public struct TextDataset: Dataset {
    public let texts: [String]
    public let classNames: [String]?
    public let lengths: [Int]?
    /// How alike the texts at 2i and 2i + 1 are, for each pair; nil where texts are not in pairs.
    public let pairScores: [Double]?
    private let ids: [[Int]]
    private let labels: [Int]?
    private let tokenizer: WordPieceTokenizer
    private let maximumLength: Int

    /// - Parameters:
    ///   - table: the texts, perhaps with labels.
    ///   - tokenizer: the model's.
    ///   - maximumLength: longer texts are cut to so many tokens.
    ///   - given: the names that labels count in; nil takes those of the table.
    ///   - file: where the table was read: for messages.
    /// - Throws: ``DatasetError`` for a label that is not among `classNames`.
    public init(
        _ table: TextTable, tokenizer: WordPieceTokenizer, maximumLength: Int,
        classNames given: [String]? = nil, file: String
    ) throws {
        texts = table.texts
        pairScores = table.scores
        ids = try table.texts.map { try tokenizer.encode($0, maximumLength: maximumLength).ids }
        lengths = ids.map(\.count)
        self.tokenizer = tokenizer
        self.maximumLength = maximumLength
        guard let names = table.labels, let classes = given ?? table.classNames else {
            classNames = nil
            labels = nil
            return
        }
        let numbers = Dictionary(
            classes.enumerated().map { ($1, $0) }, uniquingKeysWith: { first, _ in first })
        labels = try names.enumerated().map { row, name in
            guard let number = numbers[name] else {
                throw DatasetError.line(
                    file: file, table.lineNumbers[row],
                    "the label \"\(name)\" of sample \(row) is not among the \(classes.count) classes: "
                        + classes.prefix(20).joined(separator: ", ") + (classes.count > 20 ? ", …" : ""))
            }
            return number
        }
        classNames = classes
    }

    public var count: Int { ids.count }
    public var hasLabels: Bool { labels != nil }

    public var fingerprint: UInt64 {
        var fingerprint = description
        fingerprint.add(labels)
        for score in pairScores ?? [] { fingerprint.add(score.bitPattern) }
        for row in ids { fingerprint.add(row) }
        return fingerprint.value
    }

    /// The pieces that a sample's text was split into, special ones included.
    public func tokens(of index: Int) throws -> [String] {
        try tokenizer.encode(texts[index], maximumLength: maximumLength).tokens
    }

    public func batch(_ indices: [Int]) throws -> Batch {
        let rows = indices.map { ids[$0] }
        let width = rows.map(\.count).max() ?? 0
        let padded = rows.flatMap { $0 + Array(repeating: tokenizer.paddingID, count: width - $0.count) }
        let mask = rows.flatMap { row in (0..<width).map { $0 < row.count ? 1 : 0 } }
        return Batch(
            inputs: ModelInputs([
                "input_ids": try Tensor(padded, shape: [rows.count, width]),
                "attention_mask": try Tensor(mask, shape: [rows.count, width]),
            ]),
            labels: try labels.map { labels in try Tensor(indices.map { labels[$0] }) }, indices: indices)
    }
}
