import Foundation
import Torch

/// A place in a JSON file: a value, and the way to it for error messages.
struct JSONCursor {
    /// What a token's id may be.
    static let idRange = 0...Int(Int32.max)

    let node: JSONValue
    private let path: String
    private let file: URL
    private let operation: String

    /// The root of a file.
    ///
    /// - Throws: ``PreprocessingError`` if the file cannot be read or is not one JSON value.
    init(file: URL, operation: String) throws {
        do {
            node = try JSONValue(parsing: readFile(file))
        } catch JSONError.malformed(_, let line, let column, let expected, let found) {
            throw PreprocessingError.invalidContents(
                operation: operation, expected: expected, found: "\(found) at line \(line), column \(column)",
                path: file.path)
        }
        path = ""
        self.file = file
        self.operation = operation
    }

    private init(node: JSONValue, path: String, parent: JSONCursor) {
        self.node = node
        self.path = path
        file = parent.file
        operation = parent.operation
    }

    /// The member `key` of an object; `nil` if it is missing or null.
    func optional(_ key: String) throws -> JSONCursor? {
        guard let member = try object()[key], !member.isNull else { return nil }
        return JSONCursor(node: member, path: path.isEmpty ? key : "\(path).\(key)", parent: self)
    }

    /// The member `key` of an object.
    func required(_ key: String) throws -> JSONCursor {
        if let member = try optional(key) { return member }
        throw invalid(expected: "a value for \"\(path.isEmpty ? key : "\(path).\(key)")\"", found: "none")
    }

    func object() throws -> JSONObject {
        guard case .object(let members) = node else { throw mismatch("an object") }
        return members
    }

    /// The members of an object, in their order.
    func members() throws -> [(key: String, value: JSONCursor)] {
        try object().map { key, value in
            (key, JSONCursor(node: value, path: "\(path)[\"\(key)\"]", parent: self))
        }
    }

    func elements() throws -> [JSONCursor] {
        guard case .array(let elements) = node else { throw mismatch("an array") }
        return elements.enumerated().map { index, element in
            JSONCursor(node: element, path: "\(path)[\(index)]", parent: self)
        }
    }

    func string() throws -> String {
        guard case .string(let text) = node else { throw mismatch("a string") }
        return text
    }

    func boolean() throws -> Bool {
        guard case .bool(let value) = node else { throw mismatch("a boolean") }
        return value
    }

    func integer(in range: ClosedRange<Int>) throws -> Int {
        guard case .integer(let value) = node else { throw mismatch("an integer") }
        guard range.contains(value) else {
            throw mismatch("an integer in \(range.lowerBound)...\(range.upperBound)", found: "\(value)")
        }
        return value
    }

    /// Checks that this value, the `type` of a component, is the one that is implemented.
    func expect(_ component: String) throws {
        let found = try string()
        guard found == component else { throw unsupported(expected: component, found: found) }
    }

    /// An error about this value.
    func mismatch(_ expected: String, found: String? = nil) -> PreprocessingError {
        invalid(expected: path.isEmpty ? expected : "\(expected) for \"\(path)\"", found: found ?? kind)
    }

    /// The value's kind in words.
    private var kind: String {
        switch node {
        case .null: "null"
        case .bool: "a boolean"
        case .integer: "an integer"
        case .number: "a fraction"
        case .string: "a string"
        case .array: "an array"
        case .object: "an object"
        }
    }

    /// An error about this file.
    func invalid(expected: String, found: String) -> PreprocessingError {
        .invalidContents(operation: operation, expected: expected, found: found, path: file.path)
    }

    /// An error that refuses what this value asks for.
    func unsupported(expected: String, found: String) -> PreprocessingError {
        .unsupported(
            operation: operation, expected: "\(expected) for \"\(path)\"", found: found, path: file.path)
    }
}

/// The bytes of a file.
///
/// - Throws: `FileError`.
func readFile(_ file: URL) throws -> Data {
    let mapped = try MappedFile(file)
    return withExtendedLifetime(mapped) { Data(mapped.bytes) }
}
