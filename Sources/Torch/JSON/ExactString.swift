/// A string that is compared and hashed by its UTF-8 bytes.
///
/// Swift's `String` takes canonically equivalent texts for equal: "é" as one scalar equals "e" with
/// a combining accent, and U+F900 equals U+8C48. JSON names, tensor names and vocabulary entries
/// are sequences of bytes, where those are different. Use this type as the key of a dictionary that
/// must keep them apart.
public struct ExactString: Hashable, Sendable {
    /// The text itself.
    public let text: String

    /// Wraps a text.
    public init(_ text: String) {
        self.text = text
    }

    public static func == (left: ExactString, right: ExactString) -> Bool {
        left.text.utf8.elementsEqual(right.text.utf8)
    }

    public func hash(into hasher: inout Hasher) {
        var text = text  // copied only if its bytes are not in one piece
        text.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
    }
}

extension ExactString: Comparable {
    /// Orders by bytes, which is also the order of Unicode scalars.
    public static func < (left: ExactString, right: ExactString) -> Bool {
        left.text.utf8.lexicographicallyPrecedes(right.text.utf8)
    }
}
