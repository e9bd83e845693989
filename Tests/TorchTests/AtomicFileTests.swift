import Foundation
import TestSupport
import Testing

@testable import Torch

@Suite struct AtomicFileTests {
    private struct Interruption: Error {}

    private let folder: TemporaryFolder
    private let file: URL

    init() throws {
        folder = try TemporaryFolder()
        file = folder.url.appendingPathComponent("weights")
    }

    @Test func writesPieces() throws {
        let count = try AtomicFile.write(to: file) { output in
            try output.append([1, 2] as [UInt8])
            try output.append(Data([3]))
            try output.append([] as [UInt8])
            return output.byteCount
        }
        #expect(count == 3)
        #expect(try Data(contentsOf: file) == Data([1, 2, 3]))
        #expect(try folder.contents() == ["weights"])
    }

    @Test func destinationIsUntouchedUntilTheEnd() throws {
        try folder.add("weights", Data("old".utf8))
        try AtomicFile.write(to: file) { output in
            try output.append(Data("new".utf8))
            #expect(try Data(contentsOf: file) == Data("old".utf8))
            let temporary = try #require(folder.contents().first)
            #expect(temporary.hasPrefix(".weights.tmp-\(getpid())-"))
        }
        #expect(try Data(contentsOf: file) == Data("new".utf8))
    }

    @Test(arguments: [false, true])
    func interruptedWriteLeavesTheOldFile(hasOld: Bool) throws {
        if hasOld { try folder.add("weights", Data("old".utf8)) }
        #expect(throws: Interruption.self) {
            try AtomicFile.write(to: file) { output in
                try output.append(Data(count: 100_000))
                throw Interruption()
            }
        }
        #expect(try folder.contents() == (hasOld ? ["weights"] : []))
        if hasOld { #expect(try Data(contentsOf: file) == Data("old".utf8)) }
    }

    /// A process killed in the middle of a write cannot clean up, but the old file must be whole.
    @Test func killedWriterLeavesTheOldFile() async throws {
        let folder = FileManager.default.temporaryDirectory
            .appendingPathComponent("acm-killed-\(getpid())")  // the child knows it by its parent
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let file = folder.appendingPathComponent("weights")
        try Data("old".utf8).write(to: file)

        await #expect(processExitsWith: .signal(SIGKILL)) {
            let file = FileManager.default.temporaryDirectory
                .appendingPathComponent("acm-killed-\(getppid())/weights")
            try AtomicFile.write(to: file) { output in
                try output.append(Data(count: 100_000))
                kill(getpid(), SIGKILL)
            }
        }
        #expect(try Data(contentsOf: file) == Data("old".utf8))
        let left = try FileManager.default.contentsOfDirectory(atPath: folder.path)
        #expect(left.filter { $0.hasPrefix(".weights.tmp-") }.count == 1)

        try AtomicFile.write(Data("new".utf8), to: file)
        #expect(try Data(contentsOf: file) == Data("new".utf8))
    }

    @Test(.enabled(if: SmallDisk.isAvailable, "needs root, to mount a small file system"))
    func fullDisk() throws {
        let disk = try SmallDisk()
        let file = try disk.folder.add("weights", Data("old".utf8))
        let error = try #require(throws: FileError.self) {
            try AtomicFile.write(Data(repeating: 1, count: 1 << 20), to: file)
        }
        #expect(error == .diskFull(operation: "write", path: file.path, code: ENOSPC))
        #expect(
            error.description
                == "cannot write \(file.path): the disk is full (No space left on device)")
        #expect(try disk.folder.contents() == ["weights"])
        #expect(try Data(contentsOf: file) == Data("old".utf8))
    }

    @Test(.enabled(if: SmallDisk.isAvailable, "needs root, to mount a small file system"))
    func fullDiskIsKnownBeforeTheWrite() throws {
        let disk = try SmallDisk()
        let file = disk.folder.url.appendingPathComponent("weights")
        #expect(throws: FileError.diskFull(operation: "write", path: file.path, code: ENOSPC)) {
            try AtomicFile.write(to: file) { try $0.reserve(byteCount: 1 << 20) }
        }
        #expect(try disk.folder.contents() == [])
    }

    @Test func reservedSpaceDoesNotStay() throws {
        try AtomicFile.write(to: file) { output in
            try output.reserve(byteCount: 1 << 16)
            try output.append([1, 2, 3] as [UInt8])
        }
        #expect(try Data(contentsOf: file) == Data([1, 2, 3]))
    }

    @Test(.enabled(if: geteuid() != 0, "root may write everywhere"))
    func folderWithoutPermission() throws {
        try FileManager.default.setAttributes(
            [.posixPermissions: 0o555], ofItemAtPath: folder.url.path)
        #expect(throws: FileError.notPermitted(operation: "write", path: file.path, code: EACCES)) {
            try AtomicFile.write(Data([1]), to: file)
        }
    }

    @Test func readOnlyFileSystem() throws {
        let file = URL(fileURLWithPath: "/proc/acm-test")
        let error = try #require(throws: FileError.self) {
            try AtomicFile.write(Data([1]), to: file)
        }
        #expect(error.description.hasPrefix("cannot write /proc/acm-test: "))
    }

    @Test func folderThatIsMissing() throws {
        let file = folder.url.appendingPathComponent("none/weights")
        let error = try #require(throws: FileError.self) {
            try AtomicFile.write(Data([1]), to: file)
        }
        #expect(
            error.description
                == "cannot write \(file.path): the folder \(folder.url.path)/none does not exist")
    }

    @Test func destinationsThatAreNoFiles() throws {
        #expect(
            throws: FileError.notRegular(
                operation: "write", path: folder.url.path, found: "a folder")
        ) {
            try AtomicFile.write(Data([1]), to: folder.url)
        }
        #expect(
            throws: FileError.notRegular(
                operation: "write", path: "/dev/null", found: "a device or pipe")
        ) {
            try AtomicFile.write(Data([1]), to: URL(fileURLWithPath: "/dev/null"))
        }
    }

    @Test func keepsPermissions() throws {
        try folder.add("weights", Data([0]))
        try FileManager.default.setAttributes([.posixPermissions: 0o640], ofItemAtPath: file.path)
        try AtomicFile.write(Data([1]), to: file)
        let attributes = try FileManager.default.attributesOfItem(atPath: file.path)
        #expect(attributes[.posixPermissions] as? Int == 0o640)
    }

    @Test func followsSymbolicLinks() throws {
        try folder.add("weights", Data([0]))
        let link = folder.url.appendingPathComponent("link")
        try FileManager.default.createSymbolicLink(
            atPath: link.path, withDestinationPath: "weights")
        try AtomicFile.write(Data([1]), to: link)
        #expect(try Data(contentsOf: file) == Data([1]))
        #expect(try folder.contents() == ["link", "weights"])
    }

    @Test func linkThatLeadsNowhere() throws {
        let link = folder.url.appendingPathComponent("link")
        try FileManager.default.createSymbolicLink(
            atPath: link.path, withDestinationPath: "missing")
        let error = FileError.notFound(operation: "write", path: link.path)
        #expect(throws: error) { try AtomicFile.write(Data([1]), to: link) }
        #expect(error.localizedDescription == error.description)
        #expect(try folder.contents() == ["link"])
    }

    @Test func namesOfTheGreatestLength() throws {
        let file = folder.url.appendingPathComponent(String(repeating: "ü", count: 127))
        try AtomicFile.write(Data([1]), to: file)
        #expect(try Data(contentsOf: file) == Data([1]))
    }

    @Test func cannotBeUsedAfterwards() throws {
        let escaped = try AtomicFile.write(to: file) { $0 }
        #expect(throws: FileError.self) { try escaped.append([1] as [UInt8]) }
    }
}
