import Foundation
import TestSupport
import Testing
import Torch

/// `acm transcribe` with a tiny random Whisper.
@Suite struct TranscribeTests {
    let folder: TemporaryFolder
    let names = ["s16.wav", "mono.g722"]

    init() throws {
        folder = try TemporaryFolder()
        try folder.addWhisper()
        for name in names {
            try folder.add(name, Data(contentsOf: Goldens.folder.appendingPathComponent("audio/\(name)")))
        }
    }

    func transcribe(_ arguments: String...) throws -> Program.Ending {
        try Program(
            ["transcribe", "model"] + names + ["--language", "fr", "--threads", "1"] + arguments, in: folder
        ).wait()
    }

    /// One JSON object a line.
    func objects(_ ending: Program.Ending) throws -> [JSONValue] {
        try ending.output.split(separator: "\n").map { try JSONValue(parsing: String($0)) }
    }

    @Test func errorRatesFollowTheTexts() throws {
        let first = try transcribe("--json")
        first.succeeds()
        let texts = try objects(first).compactMap { $0["text"]?.stringValue }
        #expect(texts.count == 2 && texts.allSatisfy { $0.contains(where: \.isLetter) })
        // The second has two words more.
        try folder.add(
            "said.tsv",
            Data("path\tsentence\n\(names[0])\t\(texts[0])\n\(names[1])\tone \(texts[1]) two\n".utf8))
        let second = try transcribe("--json", "--references", "said.tsv")
        second.succeeds()
        let lines = try objects(second)
        #expect(lines.count == 3 && lines.prefix(2).compactMap { $0["text"]?.stringValue } == texts)
        let words = try #require(lines[2]["words"]?.integerValue)
        #expect(words >= 4 && lines[2]["sounds"] == 2)
        #expect(lines[2]["word_error_rate"] == .number(2 / Double(words)))
        let third = try transcribe("--references", "said.tsv", "--batch-size", "2")
        third.succeeds()
        #expect(
            third.output.contains("\n2 sounds of \(words) words: word error rate "), "\(third.output)")
    }

    @Test func filesWithoutSentencesAreRefused() throws {
        try folder.add("said.tsv", Data("path\tsentence\ns16.wav\tone\n".utf8))
        try transcribe("--references", "said.tsv").refuses(65, "said.tsv has no sentence for mono.g722")
        try transcribe("--references", "none.tsv").refuses(66, "none.tsv")
    }
}
