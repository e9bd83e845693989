import Foundation
import Torch

/// The rows of a text file: lines, or a table with tabs whose header names `text` and perhaps
/// `label` and `split`.
public struct TextTable: Sendable, Equatable {
    public let texts: [String]
    /// One for each text, or nil.
    public let labels: [String]?
    /// The labels of all rows, those of other splits too, each once and sorted; nil without labels.
    public let classNames: [String]?
    /// The line of each text, from 1.
    public let lineNumbers: [Int]

    /// Texts without labels.
    public init(texts: [String]) {
        self.texts = texts
        labels = nil
        classNames = nil
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
            return
        }
        let table = try TabTable(url, badSamples)
        let textColumn = try table.column("text")
        let labelColumn = table.header.firstIndex(of: "label")
        let splitColumn = table.header.firstIndex(of: "split")
        if split != nil, splitColumn == nil {
            throw DatasetError.line(file: file, 1, "the header has no column \"split\"")
        }
        let rows = table.rows.filter { row in
            split.flatMap { wanted in splitColumn.map { row.cells[$0] == wanted } } ?? true
        }
        if rows.isEmpty { throw DatasetError.empty(file: file) }
        texts = rows.map { $0.cells[textColumn] }
        lineNumbers = rows.map(\.number)
        labels = labelColumn.map { column in rows.map { $0.cells[column] } }
        classNames = labelColumn.map { column in Set(table.rows.map { $0.cells[column] }).sorted() }
    }
}
