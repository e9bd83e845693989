import Foundation
import Testing

@testable import Datasets

@Suite struct TarReaderTests {
    func read(_ archive: Data) throws -> [(name: String, content: Data)] {
        var reader = TarReader(byteCount: archive.count) { archive[$0.clamped(to: 0..<archive.count)] }
        var found: [(String, Data)] = []
        while let member = try reader.next() { found.append((member.name, archive[member.range])) }
        return found
    }

    func refusal(_ archive: Data) throws -> String {
        try #require(throws: TarError.self) { try read(archive) }.localizedDescription
    }

    /// Archives as Python's `tarfile` writes them: names of 150 and 250 letters and beyond ASCII, a
    /// folder, a link, an empty file.
    @Test(arguments: ["ustar", "gnu", "pax"]) func archivesOfAllFormats(format: String) throws {
        let found = try read(Data(contentsOf: goldens.appendingPathComponent("\(format).tar")))
        let long =
            "folder/" + String(repeating: "n", count: 80) + "/" + String(repeating: "m", count: 60) + ".txt"
        var names = ["folder/plain.txt", "folder/empty", long]
        if format != "ustar" { names += ["ŝulo/\(String(repeating: "x", count: 240)).txt"] }
        names.append("last.bin")
        #expect(found.map(\.name) == names)
        #expect(found.first?.content == Data("plain".utf8))
        #expect(found.last?.content == Data((0..<1000).map { UInt8($0 % 251) }))
        #expect(found[1].content.isEmpty)
    }

    @Test func membersLieBehindTheirHeaders() throws {
        let archive = tarArchive([("a", Data("one".utf8)), ("b/c", Data(count: 512)), ("d", Data())])
        #expect(try read(archive).map(\.name) == ["a", "b/c", "d"])
        #expect(try read(archive).map(\.content.count) == [3, 512, 0])
        #expect(try read(Data(count: 1024)).isEmpty)
    }

    @Test func sizesBehindABaseOf256() throws {
        var archive = tarArchive([("a", Data("four".utf8))])
        archive.replaceSubrange(124..<136, with: [0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4])
        try fixChecksum(&archive)
        #expect(try read(archive).map(\.content) == [Data("four".utf8)])
        archive.replaceSubrange(124..<136, with: [0x80] + Array(repeating: 0xFF, count: 11))
        try fixChecksum(&archive)
        #expect(try refusal(archive).contains("size of a member is not a number"))
    }

    func fixChecksum(_ archive: inout Data) throws {
        archive.replaceSubrange(148..<156, with: Data("        ".utf8))
        let sum = String(archive[0..<512].reduce(0) { $0 + Int($1) }, radix: 8)
        archive.replaceSubrange(
            148..<156, with: Data((String(repeating: "0", count: 6 - sum.count) + sum + "\u{0} ").utf8))
    }

    @Test func archivesThatAreCutShortAreRefused() throws {
        let archive = tarArchive([("a", Data(count: 700)), ("b", Data(count: 10))])
        #expect(try refusal(archive.prefix(300)).contains("ends within a header, at byte 0"))
        #expect(
            try refusal(archive.prefix(1000)).contains(
                "ends within \"a\", whose 700 bytes begin at 512 of 1000, at byte 0"))
        #expect(
            try refusal(archive.prefix(1536)).contains(
                "without the empty block that closes one, at byte 1536"))
        #expect(try refusal(archive.prefix(2048)).contains("ends within \"b\""))
        #expect(try refusal(Data()).contains("at byte 0"))
        #expect(try read(archive.prefix(2560 + 512)).count == 2)
    }

    @Test func otherFilesAreRefused() throws {
        #expect(try refusal(Data((0..<1024).map { UInt8($0 % 200 + 1) })).contains("expected a tar header"))
        var archive = tarArchive([("a", Data(count: 5))])
        archive[0] = UInt8(ascii: "b")
        #expect(try refusal(archive).contains("checksum"))
    }

    @Test func sparseAndContinuedFilesAreRefused() throws {
        let end = Data(count: 1024)
        #expect(
            try refusal(tarMember("a", Data(count: 5), kind: "S") + end).contains("\"a\" is a sparse file"))
        #expect(try refusal(tarMember("a", Data(count: 5), kind: "M") + end).contains("continued elsewhere"))
        let record = tarMember("x", Data("22 GNU.sparse.major=1\n".utf8), kind: "x")
        #expect(try refusal(record + tarMember("a", Data()) + end).contains("sparse"))
    }

    @Test(arguments: ["5 a=b\n", "x", "99 path=a\n", "7 path=", "6 abcde", "12 size=-5\n", "12 size=zz\n"])
    func wrongRecordsAreRefused(record: String) throws {
        let archive =
            tarMember("x", Data(record.utf8), kind: "x") + tarMember("a", Data()) + Data(count: 1024)
        #expect(try refusal(archive).isEmpty == false)
    }

    @Test func recordsHaveALimit() throws {
        let archive = tarMember("x", Data(count: 2 << 20), kind: "L") + Data(count: 1024)
        #expect(try refusal(archive).contains("more than 1048576"))
    }

    @Test func linksAndFoldersArePassedOver() throws {
        let archive =
            tarMember("folder/", Data(), kind: "5") + tarMember("link", Data(), kind: "2")
            + tarMember("old/", Data(), kind: "\u{0}") + tarMember("a", Data("x".utf8), kind: "\u{0}")
            + Data(count: 1024)
        #expect(try read(archive).map(\.name) == ["a"])
    }
}
