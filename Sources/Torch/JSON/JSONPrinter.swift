/// Writes JSON documents as UTF-8.
struct JSONPrinter {
    private let isIndented: Bool
    private let isASCII: Bool
    private var output: [UInt8] = []
    private var path: [String] = []

    private init(_ format: JSONFormat) {
        isIndented = format != .compact
        isASCII = format == .huggingFace
    }

    /// The document as UTF-8, without a newline at its end.
    static func print(_ value: JSONValue, _ format: JSONFormat) throws(JSONError) -> [UInt8] {
        var printer = JSONPrinter(format)
        try printer.append(value)
        return printer.output
    }

    private mutating func append(_ value: JSONValue) throws(JSONError) {
        switch value {
        case .null: append("null")
        case .bool(let value): append(value ? "true" : "false")
        case .integer(let value): append(String(value))
        case .number(let value):
            guard value.isFinite else {
                throw .notFinite(path: path.joined(separator: "."), value: value)
            }
            append(value.description)  // the shortest digits that read back as the same number
        case .string(let value): appendQuoted(value)
        case .array(let elements): try append(elements)
        case .object(let object): try append(object)
        }
    }

    private mutating func append(_ elements: [JSONValue]) throws(JSONError) {
        append("[")
        for (index, element) in elements.enumerated() {
            path.append(String(index))
            startItem(isFirst: index == 0)
            try append(element)
            path.removeLast()
        }
        end("]", isEmpty: elements.isEmpty)
    }

    private mutating func append(_ object: JSONObject) throws(JSONError) {
        append("{")
        for (index, member) in object.enumerated() {
            path.append(member.key)
            startItem(isFirst: index == 0)
            appendQuoted(member.key)
            append(isIndented ? ": " : ":")
            try append(member.value)
            path.removeLast()
        }
        end("}", isEmpty: object.isEmpty)
    }

    private mutating func startItem(isFirst: Bool) {
        if !isFirst { append(",") }
        startLine()
    }

    private mutating func end(_ bracket: String, isEmpty: Bool) {
        if !isEmpty { startLine() }
        append(bracket)
    }

    /// Starts a line at the depth of the current path.
    private mutating func startLine() {
        guard isIndented else { return }
        append("\n")
        output.append(contentsOf: repeatElement(0x20, count: 2 * path.count))
    }

    private mutating func append(_ text: String) {
        output.append(contentsOf: text.utf8)
    }

    private mutating func appendQuoted(_ text: String) {
        append("\"")
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": append("\\\"")
            case "\\": append("\\\\")
            case "\n": append("\\n")
            case "\r": append("\\r")
            case "\t": append("\\t")
            case "\u{8}": append("\\b")
            case "\u{C}": append("\\f")
            case "\u{20}"..."\u{7E}": output.append(UInt8(truncatingIfNeeded: scalar.value))
            default:
                if isASCII || scalar.value <= 0x7F {
                    for unit in String(scalar).utf16 { appendEscaped(unit) }
                } else {
                    output.append(contentsOf: String(scalar).utf8)
                }
            }
        }
        append("\"")
    }

    private mutating func appendEscaped(_ unit: UInt16) {
        let digits = String(unit, radix: 16)
        append("\\u" + String(repeating: "0", count: 4 - digits.count) + digits)
    }
}
