/// How values appear in error messages.
extension JSONValue {
    /// The value on one line of plain ASCII, cut short if it is long.
    var summary: String {
        switch self {
        case .null: "null"
        case .bool(let value): "\(value)"
        case .integer(let value): "\(value)"
        case .number(let value): "\(value)"
        case .string(let value): Self.quoted(value)
        case .array(let elements) where elements.count > 8: "an array of \(elements.count) elements"
        case .array(let elements): "[" + elements.map(\.summary).joined(separator: ", ") + "]"
        case .object: "an object"
        }
    }

    /// A text cut to the length that a message can bear.
    static func shortened(_ text: String) -> String {
        text.unicodeScalars.count <= 100 ? text : String(text.unicodeScalars.prefix(80)) + "..."
    }

    /// A text in quotes, with whatever a terminal could trip over escaped.
    public static func quoted(_ text: String) -> String {
        (try? JSONValue.string(shortened(text)).text(.huggingFace)) ?? "a string"
    }
}

extension JSONValue {
    /// A shape or other list of integers, cut short if it is long.
    static func summary(of integers: [Int]) -> String {
        JSONValue.array(integers.map(JSONValue.integer)).summary
    }
}
