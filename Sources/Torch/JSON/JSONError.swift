import Foundation

/// What can be wrong with a JSON document.
public enum JSONError: Error, Equatable, Sendable {
    /// The text is not JSON. Line and column count from one; the column counts characters.
    case malformed(source: String, line: Int, column: Int, expected: String, found: String)
    /// The value at `path` (keys joined by dots, empty for the whole document) is not what the
    /// reader needs; `found` is nil if there is none.
    case invalid(source: String, path: String, expected: String, found: String?)
    /// A number that JSON cannot write: an infinity, or not a number.
    case notFinite(path: String, value: Double)
}

extension JSONError: LocalizedError, CustomStringConvertible {
    public var description: String {
        switch self {
        case .malformed(let source, let line, let column, let expected, let found):
            "\(source):\(line):\(column): expected \(expected), found \(found)"
        case .invalid(let source, let path, let expected, let found):
            "\(source): \(Self.subject(path)) must be \(expected), "
                + (found.map { "found \($0)" } ?? "but it is missing")
        case .notFinite(let path, let value):
            "cannot write JSON: \(Self.subject(path)) must be a finite number, found \(value)"
        }
    }

    public var errorDescription: String? {
        description
    }

    private static func subject(_ path: String) -> String {
        path.isEmpty ? "the document" : JSONValue.quoted(path)
    }
}
