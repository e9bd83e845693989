import Foundation
import Testing

@testable import Preprocessing

/// `tokenizer.json`: what is refused, and how.
@Suite struct TokenizerFileTests {
    private static let valid = """
        {"version": "1.0", "truncation": {"max_length": 1}, "padding": null,
         "added_tokens": [{"id": 2, "content": "[CLS]", "single_word": false, "lstrip": false, "rstrip": false,
                           "normalized": false, "special": true}],
         "normalizer": {"type": "BertNormalizer", "clean_text": true, "handle_chinese_chars": true,
                        "strip_accents": null, "lowercase": true},
         "pre_tokenizer": {"type": "BertPreTokenizer"},
         "post_processor": {"type": "TemplateProcessing",
           "single": [{"SpecialToken": {"id": "[CLS]", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}],
           "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}],
           "special_tokens": {"[CLS]": {"id": "[CLS]", "ids": [2], "tokens": ["[CLS]"]}}},
         "decoder": null,
         "model": {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "++",
                   "max_input_chars_per_word": 100,
                   "vocab": {"[PAD]": 0, "[UNK]": 1, "[CLS]": 2, "a": 3, "++b": 4}}}
        """

    private func tokenizer(
        replacing old: String = "", with new: String = "", settings: String? = nil
    ) throws -> WordPieceTokenizer {
        var text = Self.valid
        if !old.isEmpty {
            try #require(text.contains(old))
            text = text.replacingOccurrences(of: old, with: new)
        }
        let folder = try TemporaryFolder(["tokenizer.json": text])
        if let settings { try folder.write(Array(settings.utf8), to: "tokenizer_config.json") }
        return try WordPieceTokenizer(folder: folder.url)
    }

    @Test func readsAValidFile() throws {
        let found = try tokenizer().encode("ab A c")
        #expect(found.ids == [2, 3, 4, 3, 1])
        #expect(try tokenizer().encode("a", pair: "b").typeIDs == [0, 1])
    }

    @Test func readsAModelThatDoesNotNameItsType() throws {
        #expect(try tokenizer(replacing: #""type": "WordPiece", "#).encode("ab").ids == [2, 3, 4])
    }

    @Test func worksWithoutNormalizerProcessorAndAddedTokens() throws {
        let plain = try tokenizer(replacing: #""normalizer""#, with: #""x""#)
        #expect(try plain.encode("a A").ids == [2, 3, 1])
        #expect(try tokenizer(replacing: #""post_processor""#, with: #""x""#).encode("ab").ids == [3, 4])
        #expect(
            try tokenizer(replacing: #""added_tokens""#, with: #""x""#).encode("[CLS]").ids == [2, 1, 1, 1])
    }

    @Test func paddingComesFromTheSettingsThenTheFileThenBERT() throws {
        #expect(try tokenizer().paddingID == 0)
        #expect(
            try tokenizer(replacing: #""padding": null"#, with: #""padding": {"pad_token": "a"}"#).paddingID
                == 3)
        #expect(try tokenizer(settings: #"{"pad_token": "++b"}"#).paddingID == 4)
        #expect(try tokenizer(settings: #"{"pad_token": {"content": "a"}}"#).paddingID == 3)
    }

    @Test(arguments: [
        (#""type": "WordPiece""#, #""type": "BPE""#, "BPE"),
        (#""type": "WordPiece", "#, #""type": "Unigram", "#, "Unigram"),
        ("BertNormalizer", "NFC", "NFC"), ("BertPreTokenizer", "ByteLevel", "ByteLevel"),
        ("TemplateProcessing", "RobertaProcessing", "RobertaProcessing"),
        (
            #""type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "++","#,
            #""unk_token": "[UNK]","#, "continuing_subword_prefix"
        ),
        (#""max_input_chars_per_word": 100,"#, "", "max_input_chars_per_word"),
        (#""unk_token": "[UNK]","#, "", "unk_token"), (#""vocab""#, #""vocabulary""#, "model.vocab"),
        (#""model""#, #""x""#, "\"model\""), (#""pre_tokenizer""#, #""x""#, "pre_tokenizer"),
        (#""lowercase": true"#, #""lowercase": null"#, "normalizer.lowercase"),
        (#""clean_text": true, "#, "", "normalizer.clean_text"),
        (#""handle_chinese_chars": true"#, #""handle_chinese_chars": "yes""#, "a boolean"),
        (#""strip_accents": null"#, #""strip_accents": 1"#, "a boolean"),
        (#""max_input_chars_per_word": 100"#, #""max_input_chars_per_word": -1"#, "-1"),
    ])
    func refusesOtherComponentsAndMissingKeys(old: String, new: String, named: String) throws {
        let text = try message { _ = try tokenizer(replacing: old, with: new) }
        #expect(text.contains(named))
        #expect(text.contains("tokenizer.json"))
    }

    @Test(arguments: [
        (#"{"[PAD]": 0, "[UNK]": 1, "[CLS]": 2, "a": 3, "++b": 4}"#, "{}", "at least one piece"),
        (#"{"[PAD]": 0, "[UNK]": 1, "[CLS]": 2, "a": 3, "++b": 4}"#, "[]", "an object"),
        (#""a": 3"#, #""a": 3, "a": 5"#, "\"a\" a second time"),
        (#""a": 3"#, #""a": 4"#, "one token for the id 4"),
        (#""a": 3"#, #""a": -3"#, "-3"), (#""a": 3"#, #""a": 3.5"#, "an integer"),
        (#""a": 3"#, #""a": "3""#, "an integer"),
        (#""a": 3"#, #""a": 99999999999"#, "99999999999"), (#""a": 3"#, #""a": null"#, "an integer"),
        (#""a": 3"#, #""": 3"#, "an empty one"),
        (#""[UNK]": 1"#, #""<unk>": 1"#, "the unknown token \"[UNK]\""),
        (#""[PAD]": 0"#, #""<pad>": 0"#, "the padding token \"[PAD]\""),
        (#""[CLS]": 2, "#, #""x": 2, "#, "one token for the id 2"),
    ])
    func refusesABrokenVocabulary(old: String, new: String, named: String) throws {
        #expect(try message { _ = try tokenizer(replacing: old, with: new) }.contains(named))
    }

    @Test(arguments: [
        (#"[{"id": 2, "#, #"[{"id": 3, "#, "one id for the token \"[CLS]\""),
        (#"[{"id": 2, "#, #"[{"#, "added_tokens[0].id"),
        (#""content": "[CLS]", "#, "", "added_tokens[0].content"),
        (#""content": "[CLS]""#, #""content": """#, "an empty string"),
        (#""special": true"#, #""special": 1"#, "a boolean"),
        (#""ids": [2]"#, #""ids": [3]"#, "2, the id of \"[CLS]\""),
        (#""ids": [2]"#, #""ids": []"#, "0 and 1"),
        (#""tokens": ["[CLS]"]"#, #""tokens": ["x"]"#, "a token of the vocabulary"),
        (#"{"SpecialToken": {"id": "[CLS]""#, #"{"SpecialToken": {"id": "[SEP]""#, "[SEP]"),
        (
            #""single": [{"SpecialToken": {"id": "[CLS]", "type_id": 0}}, {"Sequence": {"id": "A""#,
            #""single": [{"Sequence": {"id": "B""#, "expected A"
        ),
        (#""type_id": 1"#, #""type_id": -1"#, "-1"),
        (#"{"id": "B", "type_id": 1}"#, #"{"id": "B"}"#, "type_id"),
        (#""pair": ["#, #""pair": [7, "#, "an object"),
    ])
    func refusesBrokenAddedTokensAndTemplates(old: String, new: String, named: String) throws {
        #expect(try message { _ = try tokenizer(replacing: old, with: new) }.contains(named))
    }

    @Test func readsAndRefusesBertProcessing() throws {
        let start = try #require(Self.valid.range(of: "\"post_processor\": "))
        let end = try #require(Self.valid.range(of: ",\n \"decoder\""))
        let old = String(Self.valid[start.upperBound..<end.lowerBound])
        func tokenizer(_ new: String) throws -> WordPieceTokenizer {
            try self.tokenizer(replacing: old, with: new)
        }
        let read = try tokenizer(#"{"type": "BertProcessing", "sep": ["a", 3], "cls": ["[CLS]", 2]}"#)
        #expect(try read.encode("a", pair: "a").ids == [2, 3, 3, 3, 3])
        #expect(try read.encode("a", pair: "a").typeIDs == [0, 0, 0, 1, 1])
        for broken in [
            #""sep": ["a", 4], "cls": ["[CLS]", 2]"#, #""sep": ["a"], "cls": ["[CLS]", 2]"#,
            #""cls": ["[CLS]", 2]"#, #""sep": ["x", 9], "cls": ["[CLS]", 2]"#,
        ] {
            #expect(throws: PreprocessingError.self) {
                try tokenizer("{\"type\": \"BertProcessing\", \(broken)}")
            }
        }
    }

    @Test(arguments: ["", "[]", "null", "{", "{}", "\u{FEFF}{}", "not json"])
    func refusesWhatIsNotATokenizer(text: String) throws {
        let folder = try TemporaryFolder(["tokenizer.json": text])
        #expect(try message { _ = try WordPieceTokenizer(folder: folder.url) }.contains("tokenizer.json"))
    }

    @Test func refusesEveryTruncatedFile() throws {
        let bytes = Array(Self.valid.utf8)
        for length in stride(from: 0, to: bytes.count, by: 37) {
            let folder = try TemporaryFolder()
            try folder.write(Array(bytes.prefix(length)), to: "tokenizer.json")
            #expect(throws: PreprocessingError.self) { try WordPieceTokenizer(folder: folder.url) }
        }
    }

    @Test(arguments: [
        "{", #"{"pad_token": 3}"#, #"{"pad_token": {}}"#, #"{"pad_token": "none"}"#, #"{"do_lower_case": 1}"#,
        "[]",
    ])
    func refusesBrokenSettings(settings: String) {
        #expect(throws: PreprocessingError.self) { try tokenizer(settings: settings) }
    }
}
