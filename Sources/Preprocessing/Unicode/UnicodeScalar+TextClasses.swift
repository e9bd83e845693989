/// The classes of characters that BERT's text clean-up distinguishes.
///
/// Hugging Face's `tokenizers` takes general categories from tables of Unicode 8, and a model saw in
/// training what those tables made of its text. Swift's tables are newer, so scalars that are younger
/// than Unicode 8 count as unassigned here, and the few that have changed category since keep the old.
extension Unicode.Scalar {
    /// The general category in Unicode 8; `.unassigned` for anything added later.
    var categoryInUnicode8: Unicode.GeneralCategory {
        if value < 0x250 { return properties.generalCategory }  // no change below
        guard let age = properties.age, age.major <= 8 else { return .unassigned }
        switch value {
        case 0x1734, 0x1171E: return .nonspacingMark
        case 0xA9BD: return .spacingMark
        case 0x1885, 0x1886: return .otherLetter
        case 0x166D, 0x111C9: return .otherPunctuation
        default: return properties.generalCategory
        }
    }

    /// White space, which separates words.
    var isTextWhitespace: Bool {
        properties.isWhitespace
    }

    /// Scalars that the clean-up removes: NUL, the replacement character, and control, format and
    /// private-use characters other than tab, line feed and carriage return.
    var isRemovedByCleanup: Bool {
        switch value {
        case 0, 0xFFFD: return true
        case 0x09, 0x0A, 0x0D: return false
        default:
            switch categoryInUnicode8 {
            case .control, .format, .privateUse: return true
            default: return false
            }
        }
    }

    /// Punctuation, each a word of its own: category P, and the ASCII symbols too (`$`, `+`, `<`, …).
    var isTextPunctuation: Bool {
        switch value {
        case 0x21...0x2F, 0x3A...0x40, 0x5B...0x60, 0x7B...0x7E: return true
        case 0...0x7F: return false
        default:
            switch categoryInUnicode8 {
            case .connectorPunctuation, .dashPunctuation, .openPunctuation, .closePunctuation,
                .initialPunctuation, .finalPunctuation, .otherPunctuation:
                return true
            default: return false
            }
        }
    }

    /// A mark without width of its own, such as an accent that canonical decomposition split off.
    var isAccent: Bool {
        value >= 0x300 && categoryInUnicode8 == .nonspacingMark
    }

    /// A character of the CJK ideograph blocks that the reference lists, each a word of its own.
    ///
    /// The gap at U+2B820…U+2B91F is the reference's; it lies inside extension E.
    var isChineseCharacter: Bool {
        switch value {
        case 0x3400...0x4DBF, 0x4E00...0x9FFF, 0xF900...0xFAFF,
            0x20000...0x2A6DF, 0x2A700...0x2B81F, 0x2B920...0x2CEAF, 0x2F800...0x2FA1F:
            return true
        default: return false
        }
    }

    /// A character that a word is made of (`\w` of Unicode's regular expressions, UTS #18 annex C).
    var isWordCharacter: Bool {
        if properties.isAlphabetic || properties.isJoinControl { return true }
        switch properties.generalCategory {
        case .nonspacingMark, .spacingMark, .enclosingMark, .decimalNumber, .connectorPunctuation: return true
        default: return false
        }
    }
}
