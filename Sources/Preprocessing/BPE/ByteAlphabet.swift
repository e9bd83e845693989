/// The characters that stand for bytes in the tokens of a byte-level vocabulary: printable ones for
/// themselves, the others from U+0100 on.
///
/// - Source: Radford et al. 2019, `bytes_to_unicode` of GPT-2's encoder.
enum ByteAlphabet {
    /// The character of each byte.
    static let characters: [Unicode.Scalar] = {
        var next: UInt32 = 0x100
        return (UInt8.min...UInt8.max).map { byte in
            switch byte {
            case 0x21...0x7E, 0xA1...0xAC, 0xAE...0xFF: return Unicode.Scalar(byte)
            default:
                defer { next += 1 }
                return Unicode.Scalar(next) ?? " "
            }
        }
    }()

    private static let bytes = Dictionary(uniqueKeysWithValues: zip(characters, UInt8.min...UInt8.max))

    /// The bytes that a token stands for; nil where a character stands for none.
    static func bytes(of token: String) -> [UInt8]? {
        var found: [UInt8] = []
        for scalar in token.unicodeScalars {
            guard let byte = bytes[scalar] else { return nil }
            found.append(byte)
        }
        return found
    }
}
