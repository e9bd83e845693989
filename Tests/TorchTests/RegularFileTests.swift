import Foundation
import TestSupport
import Testing

@testable import Torch

@Suite struct RegularFileTests {
    @Test func readsRanges() throws {
        let folder = try TemporaryFolder(["a": "0123456789", "empty": ""])
        let file = try RegularFile(folder["a"])
        #expect(file.byteCount == 10)
        #expect(try file.contents() == Data("0123456789".utf8))
        #expect(try file.read(3..<5) == Data("34".utf8))
        #expect(try file.read(8..<20) == Data("89".utf8))
        #expect(try file.read(20..<30).isEmpty)
        #expect(try RegularFile(folder["empty"]).contents().isEmpty)
    }

    @Test func whatIsNoFileIsRefused() throws {
        let folder = try TemporaryFolder()
        let missing = try #require(throws: FileError.self) { try RegularFile(folder["b"]) }
        #expect(missing == .notFound(operation: "read", path: folder["b"].path))
        let found = try #require(throws: FileError.self) { try RegularFile(folder.url) }
        #expect(found.description.contains("a folder"))
        #expect(throws: FileError.self) { try RegularFile(URL(fileURLWithPath: "/dev/zero")) }
    }

    /// Refused or not, no descriptor stays open.
    @Test func filesAreClosed() throws {
        func openCount() throws -> Int {
            try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count
        }
        let folder = try TemporaryFolder(["a": "0"])
        let before = try openCount()
        for _ in 0..<100 {
            _ = try RegularFile(folder["a"]).contents()
            #expect(throws: FileError.self) { try RegularFile(folder.url) }
        }
        #expect(try openCount() < before + 50)
    }
}
