import Foundation
import TestSupport
import Testing

@testable import Torch

@Suite struct MappedFileTests {
    private let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
    }

    @Test func holdsTheContent() throws {
        let content = Data((0..<10_000).map { UInt8(truncatingIfNeeded: $0) })
        let mapping = try MappedFile(folder.add("f", content))
        withExtendedLifetime(mapping) {
            #expect(Data(mapping.bytes) == content)
        }
    }

    @Test func writingDoesNotReachTheFile() throws {
        let file = try folder.add("f", Data([1, 2, 3]))
        let mapping = try MappedFile(file)
        withExtendedLifetime(mapping) {
            mapping.bytes[1] = 9
            #expect(Array(mapping.bytes) == [1, 9, 3])
        }
        #expect(try Data(contentsOf: file) == Data([1, 2, 3]))
    }

    @Test func outlivesAReplacement() throws {
        let file = try folder.add("f", Data([1, 2, 3]))
        let mapping = try MappedFile(file)
        try AtomicFile.write(Data([4]), to: file)
        withExtendedLifetime(mapping) {
            #expect(Array(mapping.bytes) == [1, 2, 3])
        }
    }

    /// Whole pages of a range are read anew; what lies beside them on their pages stays.
    @Test func forgottenBytesAreReadAnew() throws {
        let page = 1 << 16  // a multiple of what systems have
        let content = Data((0..<4 * page).map { UInt8(truncatingIfNeeded: $0 &* 7) })
        let mapping = try MappedFile(folder.add("f", content))
        withExtendedLifetime(mapping) {
            for place in [0, page + page / 2, 4 * page - 1] { mapping.bytes[place] ^= 0xFF }
            mapping.forget(100..<4 * page - 100)
            #expect(mapping.bytes[page + page / 2] == content[page + page / 2])
            #expect(mapping.bytes[0] == ~content[0] && mapping.bytes[4 * page - 1] == ~content[4 * page - 1])
            mapping.forget(5..<10)
            mapping.forget(0..<0)
            #expect(Data(mapping.bytes[1..<4 * page - 1]) == content[1..<4 * page - 1])
        }
    }

    @Test func emptyFile() throws {
        let mapping = try MappedFile(folder.add("f", Data()))
        #expect(mapping.bytes.count == 0)
    }

    @Test func refusals() throws {
        let missing = folder.url.appendingPathComponent("none")
        #expect(throws: FileError.notFound(operation: "read", path: missing.path)) {
            try MappedFile(missing)
        }
        #expect(
            throws: FileError.notRegular(
                operation: "read", path: folder.url.path, found: "a folder")
        ) {
            try MappedFile(folder.url)
        }
        #expect(
            throws: FileError.notRegular(
                operation: "read", path: "/dev/null", found: "a device or pipe")
        ) {
            try MappedFile(URL(fileURLWithPath: "/dev/null"))
        }
        let pipe = folder.url.appendingPathComponent("pipe")
        #expect(mkfifo(pipe.path, 0o600) == 0)
        #expect(throws: FileError.self) { try MappedFile(pipe) }
    }

    /// More mappings than a process may hold at once, so each must go with its object.
    @Test func unmapsWithItsObject() throws {
        let file = try folder.add("f", Data([1]))
        for _ in 0..<70_000 {
            _ = try MappedFile(file)
        }
    }
}
