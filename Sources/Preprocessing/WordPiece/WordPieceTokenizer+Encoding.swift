extension WordPieceTokenizer {
    /// A text's tokens, special ones included; all arrays have one element a token.
    public struct Encoding: Equatable, Sendable {
        /// Token ids (`input_ids`).
        public let ids: [Int]
        /// 0 for the first text and 1 for the second, unless the tokenizer's file says otherwise.
        public let typeIDs: [Int]
        /// The pieces as the vocabulary writes them.
        public let tokens: [String]
        /// What each token stands for: a range of Unicode scalars in its own text; `0..<0` for special tokens.
        public let offsets: [Range<Int>]
    }
}
