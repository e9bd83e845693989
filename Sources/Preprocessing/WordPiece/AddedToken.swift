/// A token that is matched in the text as it stands, before words are looked for.
struct AddedToken: Equatable, Sendable {
    let text: String
    /// Matches only where no word character precedes or follows.
    var isSingleWord = false
    /// Takes the white space before it along.
    var stripsLeft = false
    /// Takes the white space after it along.
    var stripsRight = false
    /// Is looked for in the normalized text, and is normalized itself, rather than in the raw text.
    var isNormalized = false
}
