/// A strict parser of JSON text (RFC 8259) into ``JSONNode``.
///
/// Refused beyond what the RFC refuses: equal keys in an object, lone surrogate escapes, integers and
/// numbers out of range, and nesting deeper than ``maximumDepth``.
struct JSONParser {
    /// What is wrong with the text, and at which byte of it.
    struct Failure: Error, Equatable {
        let expected: String
        let found: String
        let offset: Int
    }

    static let maximumDepth = 128

    let bytes: [UInt8]
    var position = 0
    private var depth = 0

    /// The value of a whole JSON text.
    static func parse(_ bytes: [UInt8]) throws(Failure) -> JSONNode {
        guard String(validating: bytes, as: UTF8.self) != nil else {
            throw Failure(expected: "UTF-8 text", found: "bytes that are not UTF-8", offset: 0)
        }
        var parser = JSONParser(bytes: bytes)
        let node = try parser.value()
        parser.skipBlanks()
        guard parser.position == bytes.count else { throw parser.failure("the end of the text") }
        return node
    }

    private init(bytes: [UInt8]) {
        self.bytes = bytes
    }

    private mutating func value() throws(Failure) -> JSONNode {
        skipBlanks()
        guard let byte = peek else { throw failure("a JSON value") }
        switch byte {
        case UInt8(ascii: "{"): return try nested { parser throws(Failure) in try parser.object() }
        case UInt8(ascii: "["): return try nested { parser throws(Failure) in try parser.array() }
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"): return try word("true", .bool(true))
        case UInt8(ascii: "f"): return try word("false", .bool(false))
        case UInt8(ascii: "n"): return try word("null", .null)
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return try number()
        default: throw failure("a JSON value")
        }
    }

    private mutating func nested(
        _ body: (inout JSONParser) throws(Failure) -> JSONNode
    ) throws(Failure) -> JSONNode {
        guard depth < Self.maximumDepth else {
            throw Failure(
                expected: "at most \(Self.maximumDepth) nested values", found: "one more", offset: position)
        }
        depth += 1
        position += 1  // the opening bracket
        let node = try body(&self)
        depth -= 1
        return node
    }

    private mutating func object() throws(Failure) -> JSONNode {
        var members: [ExactString: JSONNode] = [:]
        if skip(UInt8(ascii: "}")) { return .object(members) }
        while true {
            skipBlanks()
            let start = position
            guard peek == UInt8(ascii: "\"") else { throw failure("a key in quotation marks") }
            let key = ExactString(try string())
            guard skip(UInt8(ascii: ":")) else { throw failure("a colon after a key") }
            guard members.updateValue(try value(), forKey: key) == nil else {
                throw Failure(expected: "different keys", found: "\"\(key.text)\" twice", offset: start)
            }
            if skip(UInt8(ascii: "}")) { return .object(members) }
            guard skip(UInt8(ascii: ",")) else { throw failure("a comma or a closing brace") }
        }
    }

    private mutating func array() throws(Failure) -> JSONNode {
        var elements: [JSONNode] = []
        if skip(UInt8(ascii: "]")) { return .array(elements) }
        while true {
            elements.append(try value())
            if skip(UInt8(ascii: "]")) { return .array(elements) }
            guard skip(UInt8(ascii: ",")) else { throw failure("a comma or a closing bracket") }
        }
    }

    private mutating func word(_ word: StaticString, _ node: JSONNode) throws(Failure) -> JSONNode {
        let end = position + word.utf8CodeUnitCount
        let expected = UnsafeBufferPointer(start: word.utf8Start, count: word.utf8CodeUnitCount)
        guard end <= bytes.count, bytes[position..<end].elementsEqual(expected) else {
            throw failure("\(word)")
        }
        position = end
        return node
    }

    private mutating func number() throws(Failure) -> JSONNode {
        let start = position
        var isInteger = true
        if peek == UInt8(ascii: "-") { position += 1 }
        let leading = peek
        guard let count = skipDigits(), !(leading == UInt8(ascii: "0") && count > 1) else {
            throw failure("digits without a leading zero")
        }
        if peek == UInt8(ascii: ".") {
            isInteger = false
            position += 1
            guard skipDigits() != nil else { throw failure("digits after the point") }
        }
        if peek == UInt8(ascii: "e") || peek == UInt8(ascii: "E") {
            isInteger = false
            position += 1
            if peek == UInt8(ascii: "+") || peek == UInt8(ascii: "-") { position += 1 }
            guard skipDigits() != nil else { throw failure("digits of an exponent") }
        }
        let text = String(decoding: bytes[start..<position], as: UTF8.self)
        if isInteger, let value = Int(text) { return .integer(value) }
        guard !isInteger, let value = Double(text), value.isFinite else {
            throw Failure(expected: "a number within range", found: text, offset: start)
        }
        return .number(value)
    }

    var peek: UInt8? {
        position < bytes.count ? bytes[position] : nil
    }

    private mutating func skipBlanks() {
        while let byte = peek, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { position += 1 }
    }

    /// Skips blanks and then `byte`, if it is next.
    private mutating func skip(_ byte: UInt8) -> Bool {
        skipBlanks()
        guard peek == byte else { return false }
        position += 1
        return true
    }

    /// Skips decimal digits; their count, or `nil` if there is none.
    private mutating func skipDigits() -> Int? {
        let start = position
        while let byte = peek, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) { position += 1 }
        return position > start ? position - start : nil
    }

    func failure(_ expected: String) -> Failure {
        let found = peek.map { byte in
            (0x21...0x7E).contains(byte) ? "\"\(Character(Unicode.Scalar(byte)))\"" : "byte \(byte)"
        }
        return Failure(expected: expected, found: found ?? "the end of the text", offset: position)
    }
}
