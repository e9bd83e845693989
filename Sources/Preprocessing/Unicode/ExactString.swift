/// A string that equals another only if both have the same Unicode scalars.
///
/// Swift's `String` compares by canonical equivalence: "é" equals "e" followed by U+0301. A vocabulary
/// may hold both as different pieces, so its keys must not be compared that way.
struct ExactString: Hashable, Sendable, ExpressibleByStringLiteral {
    let text: String

    init(_ text: String) {
        self.text = text
    }

    init(stringLiteral text: String) {
        self.text = text
    }

    static func == (left: ExactString, right: ExactString) -> Bool {
        left.text.utf8.elementsEqual(right.text.utf8)
    }

    func hash(into hasher: inout Hasher) {
        for byte in text.utf8 { hasher.combine(byte) }
        hasher.combine(UInt8.max)  // never a UTF-8 byte: ends the string
    }
}
