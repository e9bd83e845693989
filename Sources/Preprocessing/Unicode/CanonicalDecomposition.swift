import Foundation

/// Full canonical decompositions (Unicode's NFD) of single scalars.
///
/// Foundation decomposes strings, at about a microsecond each; asking it once for every scalar that may
/// decompose and keeping the answers makes the decomposition of text some thirty times faster.
enum CanonicalDecomposition {
    /// Calls `body` with each scalar of the decomposition of `scalar`, in canonical order, and its index;
    /// with `scalar` itself if it does not decompose.
    static func forEach(of scalar: Unicode.Scalar, _ body: (Unicode.Scalar, Int) -> Void) {
        if scalar.value < firstDecomposable {
            body(scalar, 0)
        } else if hangulSyllables.contains(scalar.value) {
            forEachJamo(of: scalar.value - hangulSyllables.lowerBound, body)
        } else if let decomposition = table[scalar] {
            for (index, part) in decomposition.enumerated() { body(part, index) }
        } else {
            body(scalar, 0)
        }
    }

    /// The canonical combining class: neighbouring marks are put in its order, 0 stays where it is.
    static func combiningClass(of scalar: Unicode.Scalar) -> UInt8 {
        if scalar.value < 0x300 { return 0 }
        let value = scalar.properties.canonicalCombiningClass.rawValue
        return value != 0 && isKnown(scalar) ? value : 0
    }

    /// The reference's tables end with Unicode 9: younger scalars stay whole, and where they are.
    private static func isKnown(_ scalar: Unicode.Scalar) -> Bool {
        (scalar.properties.age?.major ?? .max) <= 9
    }

    private static let firstDecomposable: UInt32 = 0xC0
    private static let hangulSyllables: ClosedRange<UInt32> = 0xAC00...0xD7A3

    /// Blocks outside which no scalar of Unicode 9 or older decomposes, Hangul syllables apart.
    private static let blocks: [ClosedRange<UInt32>] = [
        0xC0...0x33FF, 0xF900...0xFB4F, 0x11080...0x115FF, 0x1D100...0x1D1FF, 0x2F800...0x2FA1F,
    ]

    private static let table: [Unicode.Scalar: [Unicode.Scalar]] = {
        var table: [Unicode.Scalar: [Unicode.Scalar]] = [:]
        for scalar in blocks.joined().compactMap(Unicode.Scalar.init) where isKnown(scalar) {
            let decomposition = Array(String(scalar).decomposedStringWithCanonicalMapping.unicodeScalars)
            if decomposition != [scalar] { table[scalar] = decomposition }
        }
        return table
    }()

    /// The Unicode Standard, section 3.12: 19 leading, 21 vowel and 27 trailing jamo, or no trailing one.
    private static func forEachJamo(of syllable: UInt32, _ body: (Unicode.Scalar, Int) -> Void) {
        let jamo = [0x1100 + syllable / 588, 0x1161 + syllable % 588 / 28, 0x11A7 + syllable % 28]
        for (index, value) in jamo.enumerated() where value != 0x11A7 {
            if let scalar = Unicode.Scalar(value) { body(scalar, index) }
        }
    }
}
