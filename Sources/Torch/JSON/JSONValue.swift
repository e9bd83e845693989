/// A JSON document, or a part of one.
///
/// Objects keep the order of their keys, so a document that is read, changed and written again
/// differs from the original only where it was changed. Integers and other numbers are kept apart
/// as they were written: `12` is an `integer`, `12.0` and `1e-12` are `number`s.
public enum JSONValue: Equatable, Sendable {
    case null
    case bool(Bool)
    /// A number written without fraction or exponent that fits `Int`.
    case integer(Int)
    /// Any other number, and integers beyond `Int` that a `Double` holds exactly. Always finite when
    /// it comes from a text.
    case number(Double)
    case string(String)
    case array([JSONValue])
    case object(JSONObject)
}

extension JSONValue {
    /// The value under `key`; nil if this is not an object or has no such key.
    public subscript(key: String) -> JSONValue? {
        objectValue?[key]
    }

    /// The element at `index`; nil if this is not an array or is shorter.
    public subscript(index: Int) -> JSONValue? {
        guard case .array(let elements) = self, elements.indices.contains(index) else { return nil }
        return elements[index]
    }

    /// True for `null`.
    public var isNull: Bool {
        self == .null
    }

    /// The boolean, or nil if this is something else.
    public var boolValue: Bool? {
        if case .bool(let value) = self { value } else { nil }
    }

    /// The integer, or nil if this is something else (`12.0` included).
    public var integerValue: Int? {
        if case .integer(let value) = self { value } else { nil }
    }

    /// The number as a `Double`, integers included, or nil if this is something else.
    public var doubleValue: Double? {
        switch self {
        case .integer(let value): Double(value)
        case .number(let value): value
        default: nil
        }
    }

    /// The string, or nil if this is something else.
    public var stringValue: String? {
        if case .string(let value) = self { value } else { nil }
    }

    /// The elements, or nil if this is not an array.
    public var arrayValue: [JSONValue]? {
        if case .array(let value) = self { value } else { nil }
    }

    /// The object, or nil if this is something else.
    public var objectValue: JSONObject? {
        if case .object(let value) = self { value } else { nil }
    }
}
