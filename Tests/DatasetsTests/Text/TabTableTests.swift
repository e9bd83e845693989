import Foundation
import TestSupport
import Testing
import Torch

@testable import Datasets

@Suite struct TabTableTests {
    func table(_ content: Data, _ badSamples: BadSamples = BadSamples()) throws -> TabTable {
        let folder = try TemporaryFolder()
        return try TabTable(folder.add("t.tsv", content), badSamples)
    }

    @Test func quotesHaveNoMeaning() throws {
        let found = try table(Data("path\tsentence\na\t\"She said\nb\tit's \"\"so\"\"\n".utf8))
        #expect(found.rows.map(\.cells) == [["a", "\"She said"], ["b", "it's \"\"so\"\""]])
        #expect(found.rows.map(\.number) == [2, 3])
    }

    @Test func byteOrderMarksAndLineEndsAreLeftOut() throws {
        let found = try table(Data("\u{FEFF}a\tb\r\n1\t2\r\n\r\n3\t4".utf8))
        #expect(found.header == ["a", "b"])
        #expect(found.rows.map(\.cells) == [["1", "2"], ["3", "4"]])
        #expect(found.rows.map(\.number) == [2, 4])
    }

    /// A tab with a combining mark behind it is one character of Swift's, yet it ends a cell.
    @Test func tabsAreBytes() throws {
        #expect(try table(Data("a\tb\n1\t\u{301}2\n".utf8)).rows.map(\.cells) == [["1", "\u{301}2"]])
    }

    @Test func wrongLinesAreNamedOrLeftOut() throws {
        var content = Data("text\tlabel\na\tx\nb\n".utf8)
        content += Data([0x63, 0x09, 0xC3, 0x28, 0x0A])  // "c", a tab, half a letter
        content += Data("d\ty\n".utf8)
        // The offset of the wrong byte in the file: 11 + 4 + 2 + 2.
        #expect {
            try table(content)
        } throws: { error in
            error.localizedDescription.hasSuffix("t.tsv, line 4: is not UTF-8 text at byte 19.")
        }
        let badSamples = BadSamples(areSkipped: true)
        #expect(try table(content, badSamples).rows.map(\.cells) == [["a", "x"], ["d", "y"]])
        #expect(
            badSamples.entries.map(\.reason).sorted() == [
                "expected 2 columns, found 1", "is not UTF-8 text at byte 19",
            ])
        #expect(badSamples.entries.allSatisfy { $0.place.contains("t.tsv, line ") })
    }

    @Test func aHeaderCannotBeLeftOut() throws {
        #expect(throws: DatasetError.self) {
            try table(Data([0xFF, 0x0A]), BadSamples(areSkipped: true))
        }
    }
}
