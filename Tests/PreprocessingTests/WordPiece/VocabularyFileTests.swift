import Foundation
import Testing

@testable import Preprocessing

/// `vocab.txt` with `tokenizer_config.json`: what is read, and what is refused.
@Suite struct VocabularyFileTests {
    private static let pieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "a", "##b", "A", "é", "e\u{301}"]
    private static let vocabulary = pieces.joined(separator: "\n") + "\n"

    private func tokenizer(
        _ vocabulary: String = vocabulary, settings: String? = "{}", others: [String: String] = [:]
    ) throws -> WordPieceTokenizer {
        var files = others
        files["vocab.txt"] = vocabulary
        files["tokenizer_config.json"] = settings
        let folder = try TemporaryFolder(files)
        return try WordPieceTokenizer(folder: folder.url)
    }

    @Test func idsAreLineNumbers() throws {
        #expect(try tokenizer().encode("ab x").ids == [2, 4, 5, 1, 3])
        #expect(try tokenizer().encode("a", pair: "a").typeIDs == [0, 0, 0, 1, 1])
        #expect(try tokenizer().vocabularySize == 9)
    }

    @Test func lineEndsMayBeThoseOfWindowsAndTheLastMayBeMissing() throws {
        #expect(try tokenizer(Self.pieces.joined(separator: "\r\n")).encode("ab").ids == [2, 4, 5, 3])
    }

    @Test func settingsDecideOnLettersAndAccents() throws {
        #expect(try tokenizer().encode("A").ids == [2, 4, 3])
        #expect(
            try tokenizer(settings: #"{"do_lower_case": false}"#).encode("A é e\u{301}").ids == [
                2, 6, 7, 8, 3,
            ])
        #expect(try tokenizer(settings: #"{"strip_accents": false}"#).encode("É").ids == [2, 7, 3])
        #expect(try tokenizer(settings: #"{"tokenize_chinese_chars": false}"#).encode("a中").ids == [2, 1, 3])
    }

    @Test func specialTokensCanBeNamedOtherwise() throws {
        let settings = #"{"cls_token": "a", "sep_token": {"content": "A", "lstrip": true}, "pad_token": "é"}"#
        let found = try tokenizer(settings: settings)
        #expect(try found.encode("b").ids == [4, 1, 6])
        #expect(found.paddingID == 7)
    }

    @Test func listedTokensAreMatched() throws {
        let settings = #"""
            {"added_tokens_decoder": {
              "0": {"content": "[PAD]", "special": true, "normalized": false},
              "40": {"content": "<new>", "lstrip": true, "rstrip": false, "single_word": false, "normalized": false, "special": true},
              "9": {"content": "NEW WORD", "normalized": true, "special": false}}}
            """#
        let found = try tokenizer(settings: settings)
        #expect(try found.encode("a <new> new word[PAD]").ids == [2, 4, 40, 9, 0, 3])
        #expect(found.vocabularySize == 41)
    }

    @Test(arguments: [
        ("", "an empty file"), ("\n", "an empty line 1"), ("[PAD]\n\n[UNK]\n", "an empty line 2"),
        ("[PAD]\n[UNK]\na\n[CLS]\na\n[SEP]\n", "\"a\" on lines 3 and 5"),
        ("[PAD]\n[CLS]\n[SEP]\n", "the unknown token \"[UNK]\""),
        ("[PAD]\n[UNK]\n[SEP]\n", "the classification token \"[CLS]\""),
        ("[PAD]\n[UNK]\n[CLS]\n", "the separator token \"[SEP]\""),
        ("[UNK]\n[CLS]\n[SEP]\n", "the padding token \"[PAD]\""),
    ])
    func refusesABrokenVocabulary(vocabulary: String, named: String) throws {
        let text = try message { _ = try tokenizer(vocabulary) }
        #expect(text.contains(named) && text.contains("vocab.txt"))
    }

    @Test func refusesBytesThatAreNotUTF8() throws {
        let folder = try TemporaryFolder(["tokenizer_config.json": "{}"])
        try folder.write([0x61, 0xFF, 0x0A], to: "vocab.txt")
        #expect(try message { _ = try WordPieceTokenizer(folder: folder.url) }.contains("not UTF-8"))
    }

    @Test func refusesToGuessMissingSettings() throws {
        #expect(try message { _ = try tokenizer(settings: nil) }.contains("tokenizer_config.json"))
    }

    @Test(arguments: [
        "", "[]", #"{"do_lower_case": "yes"}"#, #"{"do_basic_tokenize": false}"#, #"{"cls_token": 7}"#,
        #"{"cls_token": {"text": "[CLS]"}}"#, #"{"additional_special_tokens": "x"}"#,
        #"{"added_tokens_decoder": []}"#,
        #"{"added_tokens_decoder": {"x": {"content": "y"}}}"#,
        #"{"added_tokens_decoder": {"-1": {"content": "y"}}}"#,
        #"{"added_tokens_decoder": {"4": {"content": "y"}}}"#,
        #"{"added_tokens_decoder": {"9": {"content": "a"}}}"#,
        #"{"added_tokens_decoder": {"9": {"content": "y"}, "10": {"content": "y"}}}"#,
        #"{"added_tokens_decoder": {"9": {"content": ""}}}"#,
        #"{"added_tokens_decoder": {"9": {"content": "[CLS]"}}}"#,
        #"{"additional_special_tokens": ["x"]}"#, #"{"additional_special_tokens": [1]}"#,
    ])
    func refusesBrokenSettings(settings: String) {
        #expect(throws: PreprocessingError.self) { try tokenizer(settings: settings) }
    }

    @Test func refusesTokensOfOlderFiles() throws {
        let text = try message { _ = try tokenizer(others: ["added_tokens.json": "{}"]) }
        #expect(text.contains("added_tokens.json"))
    }
}
