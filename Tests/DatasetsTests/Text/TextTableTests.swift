import Foundation
import TestSupport
import Testing
import Torch

@testable import Datasets

@Suite struct TextTableTests {
    func table(_ content: String, as name: String = "data.tsv", split: String? = nil) throws -> TextTable {
        let folder = try TemporaryFolder([name: content])
        return try TextTable(folder.url.appendingPathComponent(name), split: split)
    }

    func refusal(_ content: Data, as name: String = "data.tsv", split: String? = nil) throws -> String {
        let folder = try TemporaryFolder()
        let file = try folder.add(name, content)
        let error = try #require(throws: DatasetError.self) { try TextTable(file, split: split) }
        #expect(error.localizedDescription.hasPrefix(file.relativePath), "\(error.localizedDescription)")
        return error.localizedDescription
    }

    @Test func columnsAreFoundByTheirNames() throws {
        let found = try table("split\tlabel\tmore\ttext\ntest\tcat\tx\tone two\ntrain\tdog\ty\tthree\n")
        #expect(found.texts == ["one two", "three"])
        #expect(found.labels == ["cat", "dog"])
        #expect(found.classNames == ["cat", "dog"])
    }

    @Test func tablesMayHaveNoLabels() throws {
        let found = try table("text\none\n")
        #expect(found.texts == ["one"] && found.labels == nil && found.classNames == nil)
    }

    @Test func pairsAreTwoTextsEach() throws {
        let content = "split\tscore\tfirst\tsecond\ntest\t4.5\ta\tb\ntrain\t0\tc\td\ntest\t-1e0\te\tf\n"
        let found = try table(content, split: "test")
        #expect(found.texts == ["a", "b", "e", "f"] && found.scores == [4.5, -1])
        #expect(found.lineNumbers == [2, 2, 4, 4] && found.labels == nil)
        #expect(try table("text\tscore\none\t1\n").scores == nil)
        #expect(
            try refusal(Data("first\tsecond\tscore\na\tb\tnan\n".utf8)).contains(
                "the score \"nan\" is no number"))
        #expect(try refusal(Data("first\tscore\na\t1\n".utf8)).contains("a column \"second\""))
    }

    @Test func splitsSelectRowsButNotClasses() throws {
        let content = "text\tlabel\tsplit\na\tx\ttrain\nb\tz\ttest\nc\ty\ttrain\n"
        let test = try table(content, split: "test")
        #expect(test.texts == ["b"] && test.labels == ["z"])
        #expect(test.classNames == ["x", "y", "z"])
        #expect(try table(content).texts == ["a", "b", "c"])
    }

    @Test(arguments: ["\n", "\r\n"]) func lineEndsAndEmptyLines(end: String) throws {
        let lines = ["text\tlabel", "a\tx", "", "b\ty", "", ""]
        let found = try table(lines.joined(separator: end))
        #expect(found.texts == ["a", "b"] && found.labels == ["x", "y"])
        #expect(try table(["a", "", "b\tc"].joined(separator: end), as: "data.txt").texts == ["a", "b\tc"])
    }

    @Test func emptyCellsAreTexts() throws {
        #expect(try table("text\tlabel\n\tx\n").texts == [""])
    }

    @Test func linesAreNeitherTablesNorSplit() throws {
        let found = try table("text\tlabel\nb", as: "data.txt", split: "test")
        #expect(found.texts == ["text\tlabel", "b"] && found.labels == nil)
    }

    @Test(
        arguments: [
            ("", nil, "line 1: the header must have a column \"text\""),
            ("a\tb\n1\t2\n", nil, "line 1: the header must have a column \"text\", found [\"a\", \"b\"]"),
            ("text\n1\n", "test", "line 1: the header has no column \"split\""),
            ("text\tlabel\na\tx\n\nb\n", nil, "line 4: expected 2 columns, found 1"),
            ("text\tlabel\r\na\tx\ty\r\n", nil, "line 2: expected 2 columns, found 3"),
            ("text\tlabel\n", nil, "has no samples"),
            ("text\tsplit\nb\ttrain\na\tdev\n", "test", "has no split \"test\": found dev, train"),
        ] as [(String, String?, String)])
    func refusals(content: String, split: String?, part: String) throws {
        #expect(try refusal(Data(content.utf8), split: split).contains(part))
    }

    /// A row of another split is looked at too.
    @Test func wrongRowsOfOtherSplitsAreRefused() throws {
        let text = try refusal(Data("text\tsplit\na\ttest\nb\n".utf8), split: "test")
        #expect(text.contains("line 3"))
    }

    @Test(arguments: ["data.tsv", "data.txt"]) func bytesThatAreNotUTF8AreRefused(name: String) throws {
        #expect(try refusal(Data([0x74, 0xFF, 0x0A]), as: name).contains("is not UTF-8 text"))
    }

    @Test func filesWithoutLinesAreRefused() throws {
        #expect(try refusal(Data("\n\n".utf8), as: "data.txt").contains("has no samples"))
    }

    @Test func filesThatCannotBeReadAreRefused() throws {
        let folder = try TemporaryFolder()
        let missing = folder.url.appendingPathComponent("none.tsv")
        #expect(throws: FileError.notFound(operation: "read", path: missing.relativePath)) {
            try TextTable(missing, split: nil)
        }
        #expect(throws: FileError.self) { try TextTable(folder.url, split: nil) }
    }
}
