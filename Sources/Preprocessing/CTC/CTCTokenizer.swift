import Foundation
import Torch

/// Letters as labels of connectionist temporal classification, and back.
///
/// It gives the ids and texts that `Wav2Vec2CTCTokenizer` of transformers gives for the same files.
public struct CTCTokenizer: Sendable {
    /// The id of the padding token, which stands for the blank.
    public let blankID: Int
    /// The classes that a model needs at least: one more than the largest id of `vocab.json`.
    public let classCount: Int

    let ids: [ExactString: Int]
    let tokens: [Int: String]
    let special: Set<ExactString>
    let unknownToken: String
    let paddingToken: String
    let wordDelimiter: String
    let replacement: String
    let lowercases: Bool
    let cleansSpaces: Bool
    /// The id of what stands for letters that are not in the vocabulary.
    public let unknownID: Int
    private var matcher = AddedTokenMatcher()

    /// Reads a Hugging Face folder: `vocab.json` with `tokenizer_config.json`,
    /// `special_tokens_map.json` and `added_tokens.json` where they are.
    ///
    /// - Throws: ``PreprocessingError`` if files are missing, malformed or contradict themselves, or ask
    ///   for another kind of tokenizer.
    public init(folder: URL) throws {
        let vocabulary = try CTCVocabulary(folder: folder)
        let settings = vocabulary.settings
        // Both are in every vocabulary: those that are not listed were added.
        blankID = vocabulary.id(of: settings.paddingToken) ?? 0
        unknownID = vocabulary.id(of: settings.unknownToken) ?? 0
        classCount = vocabulary.classCount
        ids = vocabulary.ids
        tokens = vocabulary.tokens
        special = Set(settings.special.map(ExactString.init))
        unknownToken = settings.unknownToken
        paddingToken = settings.paddingToken
        wordDelimiter = settings.wordDelimiter
        replacement = settings.replacement
        lowercases = settings.lowercases
        cleansSpaces = settings.cleansSpaces
        for (text, token) in vocabulary.matched {
            matcher.add(token, matching: text.text, piece: Int32(vocabulary.id(of: text.text) ?? unknownID))
        }
    }

    /// The ids of a text's letters, the word delimiter between words; unknown letters have the unknown
    /// token's id.
    public func encode(_ text: String) -> [Int] {
        let scalars = Array(text.unicodeScalars)
        return matcher.segments(of: scalars, scalars.indices).flatMap { segment -> [Int] in
            if let piece = segment.piece { return [Int(piece)] }
            var plain = String(String.UnicodeScalarView(scalars[segment.range]))
            if lowercases { plain = plain.uppercased() }
            return plain.unicodeScalars.flatMap { scalar -> [Int] in
                let letters = scalar == " " ? Array(wordDelimiter.unicodeScalars) : [scalar]
                return letters.map { ids[ExactString(String($0))] ?? unknownID }
            }
        }
    }

    /// The letters of a text that are not in the vocabulary, each once, in their order.
    public func unknownLetters(in text: String) -> [Character] {
        // Tokens of several letters are matched whole.
        guard encode(text).contains(unknownID) else { return [] }
        var found: [Character] = []
        for letter in text where encode(String(letter)).contains(unknownID) && !found.contains(letter) {
            found.append(letter)
        }
        return found
    }

    /// - Throws: ``PreprocessingError/invalidArgument(operation:expected:found:)`` where a model's classes
    ///   are fewer than the vocabulary's.
    public func checkClassCount(_ count: Int) throws {
        guard count >= classCount else {
            throw PreprocessingError.invalidArgument(
                operation: "Decoding logits",
                expected: "at least \(classCount) classes, as the vocabulary has", found: "\(count)")
        }
    }
}
