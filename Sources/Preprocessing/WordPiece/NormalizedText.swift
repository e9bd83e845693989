/// Text after clean-up: its scalars, and for each the index of the original scalar that it came from.
struct NormalizedText: Sendable {
    var scalars: [Unicode.Scalar] = []
    var origins: [Int] = []

    mutating func append(_ scalar: Unicode.Scalar, from origin: Int) {
        scalars.append(scalar)
        origins.append(origin)
    }

    /// The token `piece` over the scalars of `range`, in the original text's indices.
    func span(_ range: Range<Int>, piece: Int32) -> TokenSpan {
        TokenSpan(piece: piece, start: origins[range.lowerBound], end: origins[range.upperBound - 1] + 1)
    }
}
