import Foundation
import Testing
import Torch

@testable import Preprocessing

@Suite struct CTCTokenizerTests {
    static let names = ["upper", "lowered", "added", "delimited"]

    struct Cases: Decodable {
        struct Encoded: Decodable {
            let text: String
            let ids: [Int]
        }
        struct Decoded: Decodable {
            let ids: [Int]
            let text: String
            let plain: String
            let ungrouped: String
        }
        let pad: Int
        let encoded: [Encoded]
        let decoded: [Decoded]
    }

    func golden(_ name: String) throws -> (tokenizer: CTCTokenizer, cases: Cases) {
        let folder = Goldens.folder.appendingPathComponent("ctc/tokenizers/\(name)")
        let cases = try JSONDecoder().decode(
            Cases.self, from: Data(contentsOf: folder.appendingPathComponent("cases.json")))
        return (try CTCTokenizer(folder: folder), cases)
    }

    func exactly(_ text: String) -> ExactString { ExactString(text) }

    @Test(arguments: names) func encodesAsTransformersDoes(name: String) throws {
        let (tokenizer, cases) = try golden(name)
        #expect(tokenizer.blankID == cases.pad)
        for wanted in cases.encoded {
            #expect(tokenizer.encode(wanted.text) == wanted.ids, "\(name) \(wanted.text)")
        }
    }

    @Test(arguments: names) func decodesAsTransformersDoes(name: String) throws {
        let (tokenizer, cases) = try golden(name)
        for wanted in cases.decoded {
            #expect(exactly(tokenizer.decode(wanted.ids)) == exactly(wanted.text))
            #expect(
                exactly(tokenizer.decode(wanted.ids, skipsSpecialTokens: true)) == exactly(wanted.plain))
            #expect(
                exactly(tokenizer.decode(wanted.ids, groupsRepeats: false)) == exactly(wanted.ungrouped))
        }
    }

    static let vocabulary = #"{"<pad>": 0, "<unk>": 1, "|": 2, "a": 3, "b": 4}"#

    func tokenizer(_ files: [String: String]) throws -> CTCTokenizer {
        let folder = try TemporaryFolder(files)
        return try CTCTokenizer(folder: folder.url)
    }

    @Test func repeatsAndBlanks() throws {
        let tokenizer = try tokenizer(["vocab.json": Self.vocabulary])
        #expect(tokenizer.decode([2, 3, 3, 0, 3, 2, 2, 4, 0]) == "aa b")
        #expect(tokenizer.encode("ab c") == [3, 4, 2, 1])
        #expect(tokenizer.classCount == 5)
    }

    /// Begin and end that no file lists come behind the vocabulary.
    @Test func tokensThatAreNotListedAreAdded() throws {
        let tokenizer = try tokenizer(["vocab.json": Self.vocabulary])
        #expect(tokenizer.encode("<s>a</s>") == [5, 3, 6])
        #expect(tokenizer.decode([5, 3, 6]) == "<s>a</s>")
        #expect(tokenizer.decode([5, 3, 6], skipsSpecialTokens: true) == "a")
        #expect(tokenizer.classCount == 5)
    }

    @Test func theMapIsAskedWhereTheConfigurationIsSilent() throws {
        let map = #"{"pad_token": {"content": "a"}, "unk_token": "b"}"#
        #expect(
            try tokenizer(["vocab.json": Self.vocabulary, "special_tokens_map.json": map]).blankID == 3)
        let both = try tokenizer([
            "vocab.json": Self.vocabulary, "special_tokens_map.json": map,
            "tokenizer_config.json": #"{"pad_token": "<pad>"}"#,
        ])
        #expect(both.blankID == 0 && both.encode("x") == [4])
    }

    @Test func oneOfSeveralLanguagesIsNamed() throws {
        let nested =
            #"{"eng": {"<pad>": 0, "<unk>": 1, "|": 2, "a": 3}, "spa": {"<pad>": 0, "<unk>": 1, "|": 2, "ñ": 3}}"#
        let spanish = try tokenizer([
            "vocab.json": nested, "tokenizer_config.json": #"{"target_lang": "spa"}"#,
        ])
        #expect(spanish.encode("ñ") == [3])
        #expect(try message { _ = try tokenizer(["vocab.json": nested]) }.contains("several languages"))
        let french = ["vocab.json": nested, "tokenizer_config.json": #"{"target_lang": "fra"}"#]
        #expect(try message { _ = try tokenizer(french) }.contains("\"fra\""))
    }

    @Test(arguments: [
        ("", "vocab.json"), ("[]", "an object"), ("{}", "at least one token"), (#"{"a": 1.5}"#, "an integer"),
        (#"{"a": "b"}"#, "an integer"), (#"{"a": -1}"#, "an integer in 0"), (#"{"a": 0"#, "line 1"),
        (#"{"a": 0, "b": 0}"#, "one token for the id 0, found \"a\" and \"b\""),
    ])
    func refusesABrokenVocabulary(vocabulary: String, named: String) throws {
        let text = try message { _ = try tokenizer(["vocab.json": vocabulary]) }
        #expect(text.contains(named) && text.contains("vocab.json"), "\(text)")
    }

    @Test(arguments: [
        (#"{"tokenizer_class": "BertTokenizer"}"#, "Wav2Vec2CTCTokenizer"),
        (#"{"do_lower_case": 1}"#, "a boolean"),
        (#"{"pad_token": 3}"#, "pad_token"), (#"{"added_tokens_decoder": {"x": {"content": "y"}}}"#, "an id"),
        (#"{"added_tokens_decoder": {"3": {"content": "y"}}}"#, "one token for the id 3"),
        (#"{"added_tokens_decoder": {"9": {"content": "a"}}}"#, "one id for the token \"a\""),
    ])
    func refusesBrokenSettings(settings: String, named: String) throws {
        let text = try message {
            _ = try tokenizer(["vocab.json": Self.vocabulary, "tokenizer_config.json": settings])
        }
        #expect(text.contains(named), "\(text)")
    }

    @Test func refusesAFolderWithoutVocabulary() throws {
        #expect(try message { _ = try tokenizer([:]) }.contains("vocab.json"))
    }

    @Test func transcribesLogits() throws {
        let tokenizer = try tokenizer(["vocab.json": Self.vocabulary])
        // a, blank, a and b; then two frames of which the second is padding.
        let best = [[3, 0, 3, 4], [4, 3, 3, 3]]
        let logits = try Tensor(best.flatMap { $0 }).oneHot(6).to(nil, .float32).reshaped([2, 4, 6]) * 9
        let mask = try Tensor([1, 1, 1, 1, 1, 0, 0, 0], shape: [2, 4]).to(nil, .bool)
        #expect(try tokenizer.transcribe(logits, mask: mask) == ["aab", "b"])
        #expect(try tokenizer.transcribe(logits) == ["aab", "ba"])
        #expect(try tokenizer.transcribe(logits, mask: mask, beamWidth: 8) == ["aab", "b"])
        let narrow = try message { _ = try tokenizer.transcribe(.zeros([1, 2, 4])) }
        #expect(narrow == "Decoding logits: expected at least 5 classes, as the vocabulary has, found 4.")
        #expect(try message { _ = try tokenizer.transcribe(.zeros([2, 4])) }.contains("[2, 4]"))
    }
}
