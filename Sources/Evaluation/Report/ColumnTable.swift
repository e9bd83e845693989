/// A table of texts for the terminal: the first column starts left, the others end right.
public struct ColumnTable: Sendable, Equatable {
    public let header: [String]
    public private(set) var rows: [[String]] = []

    public init(header: [String]) {
        self.header = header
    }

    /// Adds a row; cells that are missing stay empty, cells beyond the header are left out.
    public mutating func add(_ cells: [String]) {
        let row = cells.prefix(header.count)
        rows.append(row + Array(repeating: "", count: header.count - row.count))
    }

    /// Header, a rule, and one line for each row; no spaces at the ends of lines.
    public var text: String {
        let widths = header.indices.map { column in
            ([header] + rows).map { $0[column].count }.max() ?? 0
        }
        func line(_ cells: [String]) -> String {
            let padded = cells.enumerated().map { column, cell in
                let space = String(repeating: " ", count: widths[column] - cell.count)
                return column == 0 ? cell + space : space + cell
            }
            let joined = padded.joined(separator: "  ")
            return String(joined.reversed().drop { $0 == " " }.reversed())
        }
        let rule = widths.map { String(repeating: "-", count: $0) }.joined(separator: "  ")
        return ([line(header), rule] + rows.map(line)).joined(separator: "\n")
    }
}
