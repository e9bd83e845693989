import Foundation

/// A table of lines with tabs between the cells, the names of the columns in the first.
///
/// Quotes have no meaning: a cell is what stands between two tabs, as Common Voice and WordNet's
/// tables have it.
struct TabTable {
    struct Row {
        /// Of the line, from 1.
        let number: Int
        let cells: [String]
    }

    let header: [String]
    /// Without empty lines.
    let rows: [Row]
    let file: String

    /// - Throws: ``DatasetError/line(file:_:_:)`` for a header that names a column twice, and for a row with more
    ///   or fewer cells than the header, or that is not UTF-8, unless `badSamples` leaves such out.
    init(_ url: URL, _ badSamples: BadSamples) throws {
        let lines = try TextLines(url)
        file = lines.file
        if let first = lines.broken.first, first.number == 1 {
            throw DatasetError.line(file: file, 1, "is not UTF-8 text at byte \(first.offset)")
        }
        try lines.refuseBroken(badSamples)
        let header = lines.lines.first.map { Self.cells($0.text) } ?? []
        if let name = Dictionary(grouping: header.filter { !$0.isEmpty }, by: { $0 }).filter({ $1.count > 1 })
            .keys.min()
        {
            throw DatasetError.line(
                file: file, 1, "the header must have each column once, found two \"\(name)\"")
        }
        self.header = header
        var rows: [Row] = []
        rows.reserveCapacity(lines.lines.count)
        for (number, text) in lines.lines.dropFirst() where !text.isEmpty {
            let cells = Self.cells(text)
            guard cells.count == header.count else {
                let problem = "expected \(header.count) columns, found \(cells.count)"
                guard badSamples.areSkipped else {
                    throw DatasetError.line(file: file, number, problem)
                }
                try badSamples.add("\(file), line \(number)", problem)
                continue
            }
            rows.append(Row(number: number, cells: cells))
        }
        self.rows = rows
    }

    /// The place of a column in each row.
    ///
    /// - Throws: ``DatasetError/line(file:_:_:)``.
    func column(_ name: String) throws -> Int {
        guard let column = header.firstIndex(of: name) else {
            throw DatasetError.line(
                file: file, 1, "the header must have a column \"\(name)\", found \(header)")
        }
        return column
    }

    /// Over UTF-8 rather than characters, of which a tab with a combining mark is one.
    private static func cells(_ line: String) -> [String] {
        line.utf8.split(separator: UInt8(ascii: "\t"), omittingEmptySubsequences: false)
            .map { String(Substring($0)) }
    }
}
