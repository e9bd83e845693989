extension JSONParser {
    /// Parses a string; the current byte is its opening quote.
    mutating func parseString() throws(JSONError) -> String {
        let start = position
        position += 1
        let contentStart = position
        skipPlainBytes()
        if current == UInt8(ascii: "\"") {
            let content = UnsafeBufferPointer(rebasing: bytes[contentStart..<position])
            position += 1
            return try makeString(content, start: start)
        }

        var content = Array(bytes[contentStart..<position])
        while !skip(UInt8(ascii: "\"")) {
            guard skip(UInt8(ascii: "\\")) else {
                throw unexpected("the closing '\"' of the string, or an escape sequence")
            }
            try parseEscape(into: &content)
            let plainStart = position
            skipPlainBytes()
            content.append(contentsOf: bytes[plainStart..<position])
        }
        return try makeString(content, start: start)
    }

    /// Steps over bytes that stand for themselves.
    private mutating func skipPlainBytes() {
        while position < bytes.count {
            let byte = bytes[position]
            guard byte >= 0x20, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\") else {
                return
            }
            position += 1
        }
    }

    private func makeString(
        _ content: some Sequence<UInt8>, start: Int
    ) throws(JSONError) -> String {
        guard let text = String(validating: content, as: UTF8.self) else {
            throw malformed(at: start, expected: "UTF-8", found: "a string with invalid bytes")
        }
        return text
    }

    /// Parses what follows a backslash.
    private mutating func parseEscape(into content: inout [UInt8]) throws(JSONError) {
        let byte: UInt8
        switch current {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): byte = bytes[position]
        case UInt8(ascii: "b"): byte = 0x08
        case UInt8(ascii: "f"): byte = 0x0C
        case UInt8(ascii: "n"): byte = 0x0A
        case UInt8(ascii: "r"): byte = 0x0D
        case UInt8(ascii: "t"): byte = 0x09
        case UInt8(ascii: "u"):
            let scalar = try parseEscapedScalar()
            content.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
            return
        default:
            throw unexpected("one of '\"', '\\', '/', 'b', 'f', 'n', 'r', 't', 'u' after '\\'")
        }
        content.append(byte)
        position += 1
    }

    /// Parses `uXXXX`, and the second half of a surrogate pair after a first one.
    private mutating func parseEscapedScalar() throws(JSONError) -> UnicodeScalar {
        let start = position - 1
        let first = try parseHexadecimals()
        if let scalar = UnicodeScalar(first) { return scalar }

        if first < 0xDC00, skip(UInt8(ascii: "\\")), current == UInt8(ascii: "u") {
            let second = try parseHexadecimals()
            if (0xDC00...0xDFFF).contains(second),
                let scalar = UnicodeScalar(0x10000 + (first - 0xD800) << 10 + (second - 0xDC00))
            {
                return scalar
            }
        }
        throw malformed(
            at: start, expected: "a whole surrogate pair", found: "one half of it")
    }

    private mutating func parseHexadecimals() throws(JSONError) -> UInt32 {
        position += 1
        var value: UInt32 = 0
        for _ in 0..<4 {
            guard let byte = current, let digit = Character(UnicodeScalar(byte)).hexDigitValue
            else {
                throw unexpected("four hexadecimal digits after '\\u'")
            }
            value = value << 4 | UInt32(digit)
            position += 1
        }
        return value
    }
}
