import Foundation
import Torch

/// The rows of a text file: lines, or a table with tabs whose header names `text` and perhaps
/// `label` and `split`; or `first`, `second` and `score` for pairs of texts.
public struct TextTable: Sendable, Equatable {
    public let texts: [String]
    /// One for each text, or nil.
    public let labels: [String]?
    /// The labels of all rows, those of other splits too, each once and sorted; nil without labels.
    public let classNames: [String]?
    /// How alike the two texts of each pair are, in any unit, which are those at 2i and 2i + 1; nil where texts are not
    /// in pairs.
    public let scores: [Double]?
    /// The line of each text, from 1.
    public let lineNumbers: [Int]

    /// Texts without labels.
    public init(texts: [String]) {
        self.texts = texts
        labels = nil
        classNames = nil
        scores = nil
        lineNumbers = texts.indices.map { $0 + 1 }
    }

    /// - Parameters:
    ///   - url: a `.tsv`, or lines.
    ///   - split: only rows whose `split` column says so; nil takes all.
    ///   - badSamples: whether lines that are not UTF-8 or have too few cells are left out.
    /// - Throws: ``DatasetError`` naming file and line; `FileError` if it cannot be read.
    public init(_ url: URL, split: String?, badSamples: BadSamples = BadSamples()) throws {
        let file = url.relativePath
        guard url.pathExtension == "tsv" else {
            let lines = try TextLines(url)
            try lines.refuseBroken(badSamples)
            let filled = lines.lines.filter { !$0.text.isEmpty }
            if filled.isEmpty { throw DatasetError.empty(file: file) }
            texts = filled.map(\.text)
            lineNumbers = filled.map(\.number)
            labels = nil
            classNames = nil
            scores = nil
            return
        }
        let table = try TabTable(url, badSamples)
        let isOfPairs = !table.header.contains("text") && table.header.contains("score")
        let textColumns = try (isOfPairs ? ["first", "second"] : ["text"]).map(table.column)
        let labelColumn = table.header.firstIndex(of: "label")
        let splitColumn = table.header.firstIndex(of: "split")
        if split != nil, splitColumn == nil {
            throw DatasetError.line(file: file, 1, "the header has no column \"split\"")
        }
        let rows = table.rows.filter { row in
            split.flatMap { wanted in splitColumn.map { row.cells[$0] == wanted } } ?? true
        }
        if rows.isEmpty {
            guard let split, let splitColumn, !table.rows.isEmpty else {
                throw DatasetError.empty(file: file)
            }
            throw DatasetError.noSplit(
                file: file, split: split,
                found: Array(Set(table.rows.map { $0.cells[splitColumn] }).sorted().prefix(20)))
        }
        texts = rows.flatMap { row in textColumns.map { row.cells[$0] } }
        lineNumbers = rows.flatMap { row in textColumns.map { _ in row.number } }
        guard !isOfPairs else {
            let column = try table.column("score")
            scores = try rows.map { row in
                guard let score = Double(row.cells[column]), score.isFinite else {
                    throw DatasetError.line(
                        file: file, row.number, "the score \"\(row.cells[column])\" is no number")
                }
                return score
            }
            (labels, classNames) = (nil, nil)
            return
        }
        scores = nil
        labels = labelColumn.map { column in rows.map { $0.cells[column] } }
        classNames = labelColumn.map { column in Set(table.rows.map { $0.cells[column] }).sorted() }
    }
}
