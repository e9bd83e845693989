import Foundation

/// Reads typed values out of a JSON object, with errors that name file, key and what was found.
///
/// ```swift
/// let config = try JSONObjectReader(contentsOf: folder.appendingPathComponent("config.json"))
/// let width = try config.integer("hidden_size", in: 1...1_000_000)
/// let epsilon = try config.double("layer_norm_eps", default: 1e-12)
/// ```
///
/// Each type has three readers: of a key that must be there, of a key with a default for when it is
/// absent, and an `optional…` one that gives nil when it is absent or `null`. A value of another
/// type is always an error; `null` is one too, except to the `optional…` readers. Integers are
/// accepted as numbers, `12.0` not as an integer. Defaults are not checked against the range.
///
/// All readers throw `JSONError.invalid`.
public struct JSONObjectReader: Sendable {
    /// The object that is read.
    public let object: JSONObject
    /// The name of the document in errors, such as `config.json`.
    public let source: String
    /// Where the object lies in the document: keys joined by dots; empty for the document itself.
    public let path: String

    /// Reads a value that must be an object.
    ///
    /// - Throws: `JSONError.invalid` if it is something else.
    public init(_ value: JSONValue, source: String, path: String = "") throws {
        guard case .object(let object) = value else {
            throw JSONError.invalid(
                source: source, path: path, expected: "an object", found: value.summary)
        }
        self.object = object
        self.source = source
        self.path = path
    }

    /// Reads a file that must hold an object.
    ///
    /// - Throws: `FileError` if it cannot be read, `JSONError` if it is not a JSON object.
    public init(contentsOf url: URL) throws {
        try self.init(JSONValue(contentsOf: url), source: url.relativePath)
    }

    /// Whether the key is there, even with `null`.
    public func contains(_ key: String) -> Bool {
        object[key] != nil
    }

    /// The value under a key that must be there.
    public func value(_ key: String) throws -> JSONValue {
        guard let value = object[key] else { throw invalid(key, expected: "a value") }
        return value
    }

    /// Checks that there are no keys but those in `known`: a misspelt option is not passed over.
    public func requireKeys(among known: [String]) throws {
        let known = Set(known.map(ExactString.init))
        guard let unknown = object.keys.first(where: { !known.contains(ExactString($0)) }) else {
            return
        }
        let names = known.sorted().map { JSONValue.quoted($0.text) }.joined(separator: ", ")
        throw JSONError.invalid(
            source: source, path: path, expected: "an object with only the keys \(names)",
            found: JSONValue.quoted(unknown))
    }

    /// The error for the value under `key`; a caller's own checks can throw it.
    ///
    /// - Parameters:
    ///   - key: a member of the object.
    ///   - expected: completes "must be …", such as `a multiple of "num_attention_heads"`.
    public func invalid(_ key: String, expected: String) -> JSONError {
        .invalid(
            source: source, path: keyPath(key), expected: expected, found: object[key]?.summary)
    }

    /// The key with the path of the object before it.
    func keyPath(_ key: String) -> String {
        path.isEmpty ? key : "\(path).\(key)"
    }

    /// Reads and converts the value of a key that must be there; `convert` gives nil if it cannot.
    func read<Value>(
        _ key: String, _ expected: String, _ convert: (JSONValue) throws -> Value?
    ) throws -> Value {
        guard let value = object[key], let result = try convert(value) else {
            throw invalid(key, expected: expected)
        }
        return result
    }

    /// As `read`, with nil for a key that is absent or `null`.
    func readOptional<Value>(
        _ key: String, _ expected: String, _ convert: (JSONValue) throws -> Value?
    ) throws -> Value? {
        guard let value = object[key], !value.isNull else { return nil }
        return try read(key, "\(expected) or null", convert)
    }
}
