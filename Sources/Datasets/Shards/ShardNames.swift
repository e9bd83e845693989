import Foundation

/// The files that a name with braces stands for, as in a shell: `train-{000..146}.tar`, `{a,b}.tar`.
enum ShardNames {
    /// - Throws: ``DatasetError/unreadable(file:_:)`` for braces that say nothing.
    static func expand(_ path: String) throws -> [String] {
        guard let open = path.firstIndex(of: "{"),
            let close = path[open...].firstIndex(of: "}")
        else { return [path] }
        let inner = path[path.index(after: open)..<close]
        let rest = try expand(String(path[path.index(after: close)...]))
        return try choices(inner, path).flatMap { choice in rest.map { path[..<open] + choice + $0 } }
    }

    private static func choices(_ text: Substring, _ path: String) throws -> [String] {
        let ends = text.components(separatedBy: "..")
        guard ends.count == 2 else {
            return text.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
        }
        guard let first = Int(ends[0]), let last = Int(ends[1]), first >= 0, first <= last,
            last - first < 1_000_000
        else {
            throw DatasetError.unreadable(
                file: path, "must have numbers in ascending order between its braces, found {\(text)}")
        }
        // Zeros before the first number are for all.
        let width = ends[0].hasPrefix("0") ? ends[0].count : 0
        return (first...last).map { number in
            let digits = String(number)
            return String(repeating: "0", count: max(width - digits.count, 0)) + digits
        }
    }
}
