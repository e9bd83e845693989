/// Strings: the bytes between quotation marks, and escape sequences.
extension JSONParser {
    /// A string from its opening quotation mark on.
    mutating func string() throws(Failure) -> String {
        position += 1
        var text = ""
        while true {
            let start = position
            while let byte = peek, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\"), byte >= 0x20 {
                position += 1
            }
            if position > start { text += String(decoding: bytes[start..<position], as: UTF8.self) }
            switch peek {
            case UInt8(ascii: "\""):
                position += 1
                return text
            case UInt8(ascii: "\\"):
                text.unicodeScalars.append(try escape())
            default:
                throw failure("a closing quotation mark")
            }
        }
    }

    private mutating func escape() throws(Failure) -> Unicode.Scalar {
        let start = position
        position += 1
        defer { position += 1 }
        switch peek {
        case UInt8(ascii: "\""): return "\""
        case UInt8(ascii: "\\"): return "\\"
        case UInt8(ascii: "/"): return "/"
        case UInt8(ascii: "b"): return "\u{8}"
        case UInt8(ascii: "f"): return "\u{C}"
        case UInt8(ascii: "n"): return "\n"
        case UInt8(ascii: "r"): return "\r"
        case UInt8(ascii: "t"): return "\t"
        case UInt8(ascii: "u"): break
        default: throw failure("an escape sequence")
        }
        let first = try hexadecimalUnit()
        if let scalar = Unicode.Scalar(UInt32(first)) { return scalar }
        guard UTF16.isLeadSurrogate(first),
            position + 2 < bytes.count, bytes[position + 1] == UInt8(ascii: "\\"),
            bytes[position + 2] == UInt8(ascii: "u")
        else { throw loneSurrogate(at: start) }
        position += 2
        let second = try hexadecimalUnit()
        guard UTF16.isTrailSurrogate(second) else { throw loneSurrogate(at: start) }
        return UTF16.decode(UTF16.EncodedScalar([first, second]))
    }

    /// Four hexadecimal digits after a `u`; leaves the position on the last.
    private mutating func hexadecimalUnit() throws(Failure) -> UInt16 {
        let digits = bytes[min(position + 1, bytes.count)..<min(position + 5, bytes.count)]
        guard digits.count == 4, digits.allSatisfy({ Character(Unicode.Scalar($0)).isHexDigit }),
            let unit = UInt16(String(decoding: digits, as: UTF8.self), radix: 16)
        else { throw failure("four hexadecimal digits") }
        position += 4
        return unit
    }

    private func loneSurrogate(at offset: Int) -> Failure {
        Failure(expected: "a pair of surrogate escapes", found: "a single one", offset: offset)
    }
}
