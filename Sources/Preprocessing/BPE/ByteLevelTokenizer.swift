import Foundation
import Torch

/// GPT-2's and Whisper's tokenizer: the bytes of a text, joined by byte-pair merges.
///
/// It gives the ids and texts that Hugging Face's `tokenizers` gives for the same files.
///
/// - Source: Sennrich, Haddow & Birch 2016 for the merges; Radford et al. 2019 for bytes.
public struct ByteLevelTokenizer: Sendable {
    /// One more than the largest id: the number of embeddings that a model needs at least.
    public let vocabularySize: Int

    /// What one id stands for.
    private enum Meaning {
        case bytes([UInt8])
        case added(String, isSpecial: Bool)
    }

    private let meanings: [Int: Meaning]
    private let ids: [ExactString: Int]
    private let merges: [ExactString: Int]
    private let addedIDs: [Int]  // by the index that the matcher gives
    private var matcher = AddedTokenMatcher()

    /// Reads a Hugging Face folder: `tokenizer.json`, or else `vocab.json` with `merges.txt` and perhaps
    /// `added_tokens.json`.
    ///
    /// - Throws: ``PreprocessingError`` if files are missing, malformed or contradict themselves, or ask
    ///   for another kind of tokenizer.
    public init(folder: URL) throws {
        let vocabulary = try ByteLevelVocabulary.read(folder: folder)
        let added = Dictionary(
            vocabulary.addedTokens.map { (vocabulary.pieces[$0.piece].id, $0.isSpecial) },
            uniquingKeysWith: { first, _ in first })
        var meanings: [Int: Meaning] = [:]
        var ids: [ExactString: Int] = [:]
        for piece in vocabulary.pieces.pieces {
            ids[ExactString(piece.text)] = piece.id
            if let isSpecial = added[piece.id] {
                meanings[piece.id] = .added(piece.text, isSpecial: isSpecial)
            } else {
                // A token of other characters stands for itself.
                meanings[piece.id] = .bytes(ByteAlphabet.bytes(of: piece.text) ?? Array(piece.text.utf8))
            }
        }
        self.meanings = meanings
        self.ids = ids
        merges = vocabulary.merges
        vocabularySize = vocabulary.pieces.idLimit
        addedIDs = vocabulary.addedTokens.map { vocabulary.pieces[$0.piece].id }
        for (index, entry) in vocabulary.addedTokens.enumerated() {
            matcher.add(entry.token, matching: entry.token.text, piece: Int32(index))
        }
    }

    /// The id of a token by its text in the vocabulary, such as `<|endoftext|>`.
    public func id(of token: String) -> Int? { ids[ExactString(token)] }

    /// The text of tokens; bytes that are not UTF-8 give U+FFFD.
    ///
    /// - Parameters:
    ///   - ids: of the tokens, in order.
    ///   - skipsSpecialTokens: whether tokens that mark something are left out.
    /// - Throws: ``PreprocessingError/invalidArgument(operation:expected:found:)`` for an id that is no
    ///   token's.
    public func decode(_ ids: [Int], skipsSpecialTokens: Bool = true) throws -> String {
        var bytes: [UInt8] = []
        for id in ids {
            switch meanings[id] {
            case .bytes(let part): bytes += part
            case .added(let text, let isSpecial):
                if !(isSpecial && skipsSpecialTokens) { bytes += Array(text.utf8) }
            case nil:
                throw PreprocessingError.invalidArgument(
                    operation: "Decoding tokens", expected: "ids below \(vocabularySize) that are tokens'",
                    found: "\(id)")
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// The ids of a text, without tokens that mark something but for those written in the text.
    ///
    /// - Throws: ``PreprocessingError/invalidArgument(operation:expected:found:)`` for a byte that the
    ///   vocabulary has no token for.
    public func encode(_ text: String) throws -> [Int] {
        let scalars = Array(text.unicodeScalars)
        let scanner = WordScanner(scalars: scalars)
        var found: [Int] = []
        for segment in matcher.segments(of: scalars, 0..<scalars.count) {
            if let piece = segment.piece {
                found.append(addedIDs[Int(piece)])
                continue
            }
            var words: [Range<Int>] = []
            scanner.forEachWord(in: segment.range) { words.append($0) }
            for word in words { found += try encode(word: scalars[word]) }
        }
        return found
    }

    private func encode(word: ArraySlice<Unicode.Scalar>) throws -> [Int] {
        var parts: [String] = []
        for scalar in word {
            for byte in UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter {
                parts.append(String(Character(ByteAlphabet.characters[Int(byte)])))
            }
        }
        while parts.count > 1 {
            var best: (rank: Int, index: Int)?
            for index in 0..<parts.count - 1 {
                guard let rank = merges[ByteLevelVocabulary.merge(parts[index], parts[index + 1])] else {
                    continue
                }
                if rank < best?.rank ?? .max { best = (rank, index) }
            }
            guard let best else { break }
            parts[best.index] += parts.remove(at: best.index + 1)
        }
        return try parts.map { part in
            guard let id = ids[ExactString(part)] else {
                throw PreprocessingError.invalidArgument(
                    operation: "Encoding a text", expected: "a vocabulary with all bytes",
                    found: "none for \"\(part)\"")
            }
            return id
        }
    }
}
