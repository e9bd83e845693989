import Foundation

extension JSONParser {
    /// Parses a number; the current byte is its first digit or its minus.
    mutating func parseNumber() throws(JSONError) -> JSONValue {
        let start = position
        let isNegative = skip(UInt8(ascii: "-"))
        let digitsStart = position
        try parseDigits()
        if position - digitsStart > 1, bytes[digitsStart] == UInt8(ascii: "0") {
            position = digitsStart + 1
            throw unexpected("no digit after a leading zero")
        }

        let integerEnd = position
        if skip(UInt8(ascii: ".")) {
            try parseDigits()
        }
        if skip(UInt8(ascii: "e")) || skip(UInt8(ascii: "E")) {
            if !skip(UInt8(ascii: "+")) { _ = skip(UInt8(ascii: "-")) }
            try parseDigits()
        }

        if position == integerEnd,
            let integer = integer(in: digitsStart..<position, isNegative: isNegative)
        {
            return .integer(integer)
        }
        let text = String(decoding: bytes[start..<position], as: UTF8.self)
        guard let number = Double(text), number.isFinite,
            position > integerEnd || isExact(number, text)
        else {
            throw malformed(
                at: start, expected: "a number within the range of 64 bits",
                found: JSONValue.shortened(text))
        }
        return .number(number)
    }

    private mutating func parseDigits() throws(JSONError) {
        let start = position
        while isDigit {
            position += 1
        }
        guard position > start else { throw unexpected("a digit") }
    }

    /// The digits as an `Int`, or nil if it cannot hold them.
    private func integer(in range: Range<Int>, isNegative: Bool) -> Int? {
        var value = 0
        for byte in bytes[range] {
            let digit = Int(byte - UInt8(ascii: "0"))
            let (product, overflows) = value.multipliedReportingOverflow(by: 10)
            let (sum, overflowsAgain) =
                isNegative
                ? product.subtractingReportingOverflow(digit)
                : product.addingReportingOverflow(digit)
            if overflows || overflowsAgain { return nil }
            value = sum
        }
        return value
    }

    /// Whether an integer beyond `Int` lost nothing as a `Double`.
    ///
    /// Tokenizer configurations hold such ones: 1000000000000000019884624838656, "no limit".
    private func isExact(_ number: Double, _ text: String) -> Bool {
        String(format: "%.0f", number) == text
    }
}
