import Foundation
import Testing

@testable import Preprocessing

/// Against the `tokenizers` library.
@Suite struct ByteLevelTokenizerTests {
    struct Encoding: Decodable {
        let text: String
        let ids: [Int]
    }

    struct Decoding: Decodable {
        let ids: [Int]
        let text: String
        let withSpecial: String
    }

    static let folder = Goldens.folder.appendingPathComponent("bpe")

    func read<Row: Decodable>(_ name: String) throws -> [Row] {
        let file = Self.folder.appendingPathComponent("single/\(name).json")
        return try JSONDecoder().decode([Row].self, from: Data(contentsOf: file))
    }

    @Test func textsEncodeAsTheReference() throws {
        let tokenizer = try ByteLevelTokenizer(folder: Self.folder.appendingPathComponent("single"))
        for row in try read("encodings") as [Encoding] {
            #expect(try tokenizer.encode(row.text) == row.ids, "\(row.text.debugDescription)")
        }
    }

    @Test(arguments: ["single", "files"]) func idsDecodeAsTheReference(name: String) throws {
        let tokenizer = try ByteLevelTokenizer(folder: Self.folder.appendingPathComponent(name))
        for row in try read("decodings") as [Decoding] {
            #expect(
                Array(try tokenizer.decode(row.ids, skipsSpecialTokens: false).unicodeScalars)
                    == Array(row.withSpecial.unicodeScalars), "\(row.ids)")
            // Files of their own do not say which added tokens are special.
            guard name == "single" else { continue }
            #expect(
                Array(try tokenizer.decode(row.ids).unicodeScalars) == Array(row.text.unicodeScalars),
                "\(row.ids)")
        }
    }

    @Test func textsComeBack() throws {
        let tokenizer = try ByteLevelTokenizer(folder: Self.folder.appendingPathComponent("files"))
        for row in try read("encodings") as [Encoding] {
            let text = try tokenizer.decode(tokenizer.encode(row.text), skipsSpecialTokens: false)
            #expect(Array(text.unicodeScalars) == Array(row.text.unicodeScalars))
        }
        #expect(tokenizer.id(of: "<|endoftext|>") == 700 && tokenizer.id(of: "<|none|>") == nil)
        #expect(tokenizer.vocabularySize == 716)
    }

    @Test func unknownIDsAreRefused() throws {
        let tokenizer = try ByteLevelTokenizer(folder: Self.folder.appendingPathComponent("single"))
        for id in [-1, 716] {
            let text = try message { _ = try tokenizer.decode([5, id]) }
            #expect(text.contains("below 716") && text.contains("\(id)"))
        }
    }

    @Test(
        arguments: [
            (["tokenizer.json": "{"], "line 1"), (["tokenizer.json": "{}"], "\"model\""),
            (["tokenizer.json": "{\"model\": {\"type\": \"WordPiece\"}}"], "WordPiece"),
            (["vocab.json": "{\"a\": 0, \"b\": 0}", "merges.txt": ""], "one token for the id 0"),
            (["vocab.json": "{\"a\": -1}", "merges.txt": ""], "-1"),
            (["vocab.json": "{\"a\": 0}"], "merges.txt"), (["vocab.json": "{}"], "at least one token"),
            ([:], "tokenizer.json"),
        ] as [([String: String], String)])
    func brokenFilesAreRefused(files: [String: String], part: String) throws {
        let folder = try TemporaryFolder(files)
        let text = try message { _ = try ByteLevelTokenizer(folder: folder.url) }
        #expect(text.contains(part), "\(text)")
    }

    @Test func bytesWithoutTokensAreRefused() throws {
        let folder = try TemporaryFolder(["vocab.json": "{\"a\": 0}", "merges.txt": "#version: 0.2\n"])
        let tokenizer = try ByteLevelTokenizer(folder: folder.url)
        #expect(try tokenizer.encode("aa") == [0, 0])
        #expect(try message { _ = try tokenizer.encode("ab") }.contains("\"b\""))
    }
}
