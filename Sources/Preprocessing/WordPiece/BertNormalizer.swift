/// The text clean-up that BERT's checkpoints were trained with.
///
/// In this order, each step optional:
/// 1. control characters are removed and every white space becomes a blank,
/// 2. CJK ideographs are set apart by blanks,
/// 3. text is decomposed canonically and accents are dropped,
/// 4. letters are lower-cased, one by one.
struct BertNormalizer: Sendable {
    var cleansText = true
    var separatesChinese = true
    var stripsAccents = true
    var lowercases = true

    /// The clean-up of `scalars[range]`; origins are indices into `scalars`.
    func normalize(_ scalars: [Unicode.Scalar], _ range: Range<Int>) -> NormalizedText {
        var text = NormalizedText()
        text.scalars.reserveCapacity(range.count)
        text.origins.reserveCapacity(range.count)
        var marks = CombiningMarks()
        for origin in range {
            let scalar = scalars[origin]
            if scalar.isASCII {
                guard let kept = normalizedASCII(scalar) else { continue }
                flush(&marks, to: &text)
                text.append(kept, from: origin)
            } else if let cleaned = clean(scalar) {
                append(cleaned, from: origin, to: &text, &marks)
            }
        }
        flush(&marks, to: &text)
        return text
    }

    private func normalizedASCII(_ scalar: Unicode.Scalar) -> Unicode.Scalar? {
        switch scalar.value {
        case 0x09, 0x0A, 0x0D: cleansText ? " " : scalar
        case 0x00...0x1F, 0x7F: cleansText ? nil : scalar
        case 0x41...0x5A: lowercases ? Unicode.Scalar(UInt8(scalar.value) + 0x20) : scalar
        default: scalar
        }
    }

    private func clean(_ scalar: Unicode.Scalar) -> Unicode.Scalar? {
        guard cleansText else { return scalar }
        if scalar.isRemovedByCleanup { return nil }
        return scalar.isTextWhitespace ? " " : scalar
    }

    /// Appends what a scalar beyond ASCII becomes, or keeps marks back until the next character.
    private func append(
        _ scalar: Unicode.Scalar, from origin: Int, to text: inout NormalizedText,
        _ marks: inout CombiningMarks
    ) {
        let isChinese = separatesChinese && scalar.isChineseCharacter
        if isChinese {
            flush(&marks, to: &text)
            text.append(" ", from: origin)
        }
        if stripsAccents {
            CanonicalDecomposition.forEach(of: scalar) { part, index in
                let order = CanonicalDecomposition.combiningClass(of: part)
                if order == 0 {
                    flush(&marks, to: &text)
                    if !part.isAccent { appendLowered(part, from: origin, to: &text) }
                } else {
                    marks.add(part, order: order, from: origin, startsDecomposition: index == 0 && !isChinese)
                }
            }
        } else {
            appendLowered(scalar, from: origin, to: &text)
        }
        if isChinese { text.append(" ", from: origin) }
    }

    private func flush(_ marks: inout CombiningMarks, to text: inout NormalizedText) {
        marks.removeAll { mark, origin in
            if !mark.isAccent { appendLowered(mark, from: origin, to: &text) }
        }
    }

    private func appendLowered(_ scalar: Unicode.Scalar, from origin: Int, to text: inout NormalizedText) {
        guard lowercases else { return text.append(scalar, from: origin) }
        for lowered in scalar.properties.lowercaseMapping.unicodeScalars {
            text.append(lowered, from: origin)
        }
    }
}
