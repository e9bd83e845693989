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

    /// - Parameter split: only rows whose `split` column says so; nil takes all.
    /// - Throws: ``DatasetError`` naming file and line; `FileError` if it cannot be read.
    public init(_ url: URL, split: String?) throws {
        let file = url.relativePath
        let mapped = try MappedFile(url)
        guard let content = withExtendedLifetime(mapped, { String(validating: mapped.bytes, as: UTF8.self) })
        else {
            throw DatasetError.unreadable(file: file, "is not UTF-8 text")
        }
        // Over UTF-8 rather than characters, where "\r\n" is one.
        let lines = content.utf8.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
            .map { $0.last == UInt8(ascii: "\r") ? $0.dropLast() : $0 }
        guard url.pathExtension == "tsv" else {
            texts = lines.compactMap { $0.isEmpty ? nil : String(Substring($0)) }
            labels = nil
            classNames = nil
            if texts.isEmpty { throw DatasetError.empty(file: file) }
            return
        }
        let cells = lines.map { line in
            line.split(separator: UInt8(ascii: "\t"), omittingEmptySubsequences: false).map {
                String(Substring($0))
            }
        }
        let header = cells.first ?? []
        guard let textColumn = header.firstIndex(of: "text") else {
            throw DatasetError.line(file: file, 1, "the header must have a column \"text\", found \(header)")
        }
        let labelColumn = header.firstIndex(of: "label")
        let splitColumn = header.firstIndex(of: "split")
        if split != nil, splitColumn == nil {
            throw DatasetError.line(file: file, 1, "the header has no column \"split\"")
        }
        var texts: [String] = []
        var labels: [String] = []
        var classNames: Set<String> = []
        for (index, row) in cells.enumerated().dropFirst() {
            if row == [""] { continue }
            guard row.count == header.count else {
                throw DatasetError.line(
                    file: file, index + 1, "expected \(header.count) columns, found \(row.count)")
            }
            if let labelColumn { classNames.insert(row[labelColumn]) }
            if let split, let splitColumn, row[splitColumn] != split { continue }
            texts.append(row[textColumn])
            if let labelColumn { labels.append(row[labelColumn]) }
        }
        if texts.isEmpty { throw DatasetError.empty(file: file) }
        self.texts = texts
        self.labels = labelColumn == nil ? nil : labels
        self.classNames = labelColumn == nil ? nil : classNames.sorted()
    }
}
