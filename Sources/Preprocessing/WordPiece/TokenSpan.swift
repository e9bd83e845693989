/// A token found in a text: which piece, and the range of the text's scalars that it stands for.
struct TokenSpan: Equatable, Sendable {
    /// An index into ``PieceTable/pieces``.
    let piece: Int32
    let start: Int
    let end: Int
}
