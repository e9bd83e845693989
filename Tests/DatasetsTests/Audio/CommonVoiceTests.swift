import Foundation
import TestSupport
import Testing

@testable import Datasets

@Suite struct CommonVoiceTests {
    let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
        for (name, size) in [("a.mp3", 5), ("b.mp3", 9), ("c.mp3", 7)] {
            try folder.put("clips/\(name)", Data(count: size))
        }
    }

    func files(_ table: String, split: String? = "dev", _ badSamples: BadSamples = BadSamples()) throws
        -> SampleFiles
    {
        try folder.put("dev.tsv", table)
        return try CommonVoice.files(folder.url, split: split, badSamples: badSamples)
    }

    let table = "client_id\tpath\tsentence\tage\n1\tb.mp3\t\"Hi\" he said\t\n2\ta\tOne, two.\tteens\n"

    @Test func rowsAreClipsAndSentences() throws {
        let found = try files(table)
        #expect(found.names == ["b.mp3", "a.mp3"] && found.texts == ["\"Hi\" he said", "One, two."])
        #expect(found.byteCounts == [9, 5] && found.labels == nil)
        #expect(found.place(of: 1).hasSuffix("clips/a.mp3 (\(folder["dev.tsv"].relativePath), line 3)"))
        #expect(try found.read(0).count == 9)
    }

    @Test func sentencesComeByName() throws {
        try folder.put("dev.tsv", table)
        let found = try CommonVoice.sentences(folder["dev.tsv"])
        #expect(
            found == [
                "b.mp3": .init(text: "\"Hi\" he said", language: nil),
                "a": .init(text: "One, two.", language: nil),
            ])
        try folder.put("dev.tsv", "path\tsentence\na.mp3\thi\nb.mp3\tho\na.mp3\tha\n")
        let error = try #require(throws: DatasetError.self) { try CommonVoice.sentences(folder["dev.tsv"]) }
        #expect(error.localizedDescription.contains("line 4: a.mp3 is there twice"))
    }

    @Test(arguments: ["locale", "language"]) func rowsTellLanguages(column: String) throws {
        let table = "path\tsentence\t\(column)\na.mp3\thi\tsv-SE\nb.mp3\tho\t\n"
        let found = try files(table)
        #expect(found.languages == ["sv-SE", nil])
        #expect(try CommonVoice.sentences(folder["dev.tsv"])["a.mp3"]?.language == "sv-SE")
        #expect(found.fingerprint(Fingerprint()) != (try files(self.table).fingerprint(Fingerprint())))
        #expect(try files(self.table).languages == nil)
    }

    @Test func durationsAreTakenWhereTheyAre() throws {
        try folder.put("clip_durations.tsv", "clip\tduration[ms]\na.mp3\t1500\nb.mp3\t900\n")
        #expect(try files(table).byteCounts == [900, 1500])
        try folder.put("clip_durations.tsv", "clip\tduration[ms]\na.mp3\t1500\n")
        #expect(try files(table).byteCounts == [9, 5])
    }

    @Test(
        arguments: [
            ("path\tsentence\na.mp3\thi\nz.mp3\thi\n", "dev.tsv, line 3: there is no clip "),
            ("path\tsentence\na.mp3\t \n", "dev.tsv, line 2: the sentence is empty"),
            ("path\tsentence\na.mp3\n", "dev.tsv, line 2: expected 2 columns, found 1"),
            ("path\ttext\na.mp3\thi\n", "line 1: the header must have a column \"sentence\""),
            ("file\tsentence\na.mp3\thi\n", "line 1: the header must have a column \"path\""),
            ("path\tsentence\n", "has no samples"),
        ]) func wrongTablesAreRefused(table: String, part: String) throws
    {
        let error = try #require(throws: DatasetError.self) { try files(table) }
        #expect(error.localizedDescription.contains(part), "\(error.localizedDescription)")
    }

    @Test func wrongRowsAreLeftOutWhenAsked() throws {
        let badSamples = BadSamples(areSkipped: true)
        let text = "path\tsentence\r\na.mp3\thi\r\nz.mp3\thi\r\nb.mp3\r\nc.mp3\t\r\nb.mp3\tho\r\n"
        #expect(try files(text, badSamples).texts == ["hi", "ho"])
        #expect(badSamples.entries.count == 3)
    }

    func files(_ table: String, _ badSamples: BadSamples) throws -> SampleFiles {
        try files(table, split: "dev", badSamples)
    }

    @Test func missingTablesAreNamed() throws {
        let error = try #require(throws: DatasetError.self) { try files(table, split: "other") }
        #expect(error.localizedDescription.hasSuffix("has no split \"other\": found dev."))
    }
}
