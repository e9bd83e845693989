/// A strict recursive-descent parser of RFC 8259 over UTF-8 bytes.
///
/// Beyond the grammar it refuses keys that are written twice, bytes that are not UTF-8, halves of
/// surrogate pairs, numbers that neither `Int` nor `Double` can hold, and nesting deeper than
/// ``maximumDepth``.
struct JSONParser {
    /// Arrays and objects may be nested this deep.
    static let maximumDepth = 128

    let bytes: UnsafeBufferPointer<UInt8>
    let source: String
    var position = 0
    private var depth = 0

    private init(bytes: UnsafeBufferPointer<UInt8>, source: String) {
        self.bytes = bytes
        self.source = source
    }

    /// Parses one document that fills `bytes`; `source` names it in errors.
    static func parse(
        _ bytes: UnsafeRawBufferPointer, source: String
    ) throws(JSONError) -> JSONValue {
        var parser = JSONParser(bytes: bytes.bindMemory(to: UInt8.self), source: source)
        parser.skipWhitespace()
        let value = try parser.parseValue()
        parser.skipWhitespace()
        guard parser.position == parser.bytes.count else {
            throw parser.unexpected("the end of the document")
        }
        return value
    }

    /// The byte at the current position; nil at the end.
    var current: UInt8? {
        position < bytes.count ? bytes[position] : nil
    }

    /// Whether a decimal digit comes next.
    var isDigit: Bool {
        current.map { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) } ?? false
    }

    /// Steps over `byte` if it comes next.
    mutating func skip(_ byte: UInt8) -> Bool {
        guard current == byte else { return false }
        position += 1
        return true
    }

    private mutating func skipWhitespace() {
        while let byte = current, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 {
            position += 1
        }
    }

    private mutating func parseValue() throws(JSONError) -> JSONValue {
        switch current {
        case UInt8(ascii: "{"): return try parseObject()
        case UInt8(ascii: "["): return try parseArray()
        case UInt8(ascii: "\""): return .string(try parseString())
        case UInt8(ascii: "-"): return try parseNumber()
        case UInt8(ascii: "t"): return try parseWord("true", .bool(true))
        case UInt8(ascii: "f"): return try parseWord("false", .bool(false))
        case UInt8(ascii: "n"): return try parseWord("null", .null)
        default:
            guard isDigit else { throw unexpected("a value") }
            return try parseNumber()
        }
    }

    private mutating func parseWord(
        _ word: StaticString, _ value: JSONValue
    ) throws(JSONError) -> JSONValue {
        let start = position
        for offset in 0..<word.utf8CodeUnitCount {
            guard skip(word.utf8Start[offset]) else {
                position = start
                throw unexpected("a value")
            }
        }
        return value
    }

    private mutating func parseArray() throws(JSONError) -> JSONValue {
        try enter()
        var elements: [JSONValue] = []
        if !skip(UInt8(ascii: "]")) {
            repeat {
                skipWhitespace()
                elements.append(try parseValue())
                skipWhitespace()
            } while skip(UInt8(ascii: ","))
            guard skip(UInt8(ascii: "]")) else { throw unexpected("',' or ']'") }
        }
        depth -= 1
        return .array(elements)
    }

    private mutating func parseObject() throws(JSONError) -> JSONValue {
        try enter()
        var object = JSONObject()
        if !skip(UInt8(ascii: "}")) {
            repeat {
                skipWhitespace()
                try parseMember(into: &object)
                skipWhitespace()
            } while skip(UInt8(ascii: ","))
            guard skip(UInt8(ascii: "}")) else { throw unexpected("',' or '}'") }
        }
        depth -= 1
        return .object(object)
    }

    private mutating func parseMember(into object: inout JSONObject) throws(JSONError) {
        let start = position
        guard current == UInt8(ascii: "\"") else { throw unexpected("a key in quotes") }
        let key = try parseString()
        skipWhitespace()
        guard skip(UInt8(ascii: ":")) else { throw unexpected("':'") }
        skipWhitespace()
        let value = try parseValue()
        guard object.append(key, value) else {
            throw malformed(
                at: start, expected: "each key once",
                found: "\(JSONValue.quoted(key)) a second time")
        }
    }

    /// Steps over an opening bracket and the whitespace after it.
    private mutating func enter() throws(JSONError) {
        depth += 1
        guard depth <= Self.maximumDepth else {
            throw malformed(
                at: position, expected: "at most \(Self.maximumDepth) nested arrays and objects",
                found: "a deeper one")
        }
        position += 1
        skipWhitespace()
    }
}

extension JSONParser {
    /// The error for a byte that cannot stand at the current position.
    func unexpected(_ expected: String) -> JSONError {
        malformed(at: position, expected: expected, found: describe(current))
    }

    /// An error at a byte offset.
    func malformed(at offset: Int, expected: String, found: String) -> JSONError {
        var line = 1
        var column = 1
        for byte in bytes.prefix(offset) {
            if byte == 0x0A {
                line += 1
                column = 1
            } else if byte & 0xC0 != 0x80 {  // continuation bytes belong to the character before
                column += 1
            }
        }
        return .malformed(
            source: source, line: line, column: column, expected: expected, found: found)
    }

    private func describe(_ byte: UInt8?) -> String {
        guard let byte else { return "the end" }
        if (0x21...0x7E).contains(byte) {
            return "'\(Character(UnicodeScalar(byte)))'"
        }
        let digits = String(byte, radix: 16, uppercase: true)
        return "byte 0x" + (digits.count < 2 ? "0" : "") + digits
    }
}
