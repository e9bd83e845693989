/// A parsed JSON value whose object keys are compared scalar by scalar.
///
/// Foundation's decoders key objects by `String`, which merges canonically equivalent keys and silently
/// keeps one of two equal ones; for a vocabulary either loses a piece. Equal keys are an error here.
enum JSONNode: Equatable, Sendable {
    case null
    case bool(Bool)
    case integer(Int)
    case number(Double)
    case string(String)
    case array([JSONNode])
    case object([ExactString: JSONNode])

    /// The value's kind in words, for error messages.
    var kind: String {
        switch self {
        case .null: "null"
        case .bool: "a boolean"
        case .integer: "an integer"
        case .number: "a fraction"
        case .string: "a string"
        case .array: "an array"
        case .object: "an object"
        }
    }
}
