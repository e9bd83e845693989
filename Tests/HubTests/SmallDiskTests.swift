import Foundation
import HubServer
import TestSupport
import Testing
import Torch

@testable import Hub

/// Disks that are full or may not be written.
@Suite(.enabled(if: SmallDisk.isAvailable, "needs the right to mount a tmpfs"))
struct SmallDiskTests {
    let disk: SmallDisk

    init() throws {
        disk = try SmallDisk()
    }

    @Test func roomIsCountedBefore() throws {
        let fixture = try Fixture(in: disk.folder)
        guard case .noRoom(_, let needed, let free) = fixture.error() else {
            Issue.record("the disk takes it")
            return
        }
        #expect(needed > 300_000 && free < 262_144)
        #expect(fixture.hub.contentRequests.isEmpty)
    }

    /// The size is not known before: the disk runs full, and what has come stays for later.
    @Test func aDiskRunsFull() throws {
        let fixture = try Fixture(in: disk.folder)
        fixture.hub.inject { request in
            guard request.method == "HEAD", request.path.hasSuffix("model.safetensors") else { return nil }
            return .init(
                302, ["X-Linked-Etag": "\"\(Fixture.weightsTag)\"", "Location": "http://127.0.0.1:1/"])
        }
        let error = #expect(throws: FileError.self) { try fixture.fetch() }
        guard case .diskFull(_, let path, _) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(path.hasSuffix("\(Fixture.weightsTag).incomplete"))
        #expect(!fixture.cache.contains("models--owner--model/refs/main"))
        #expect(try fixture.names("blobs").count == 4)
    }

    @Test func aCacheThatMayOnlyBeRead() throws {
        let files = ["config.json": Data("{}".utf8), "model.safetensors": Data(count: 1000)]
        let fixture = try Fixture(files, old: files, in: disk.folder)
        let snapshot = try fixture.fetch()
        try disk.makeReadOnly()
        #expect(try fixture.fetch().folder == snapshot.folder)
        #expect(try fixture.fetch { $0.isOffline = true }.folder == snapshot.folder)
        let error = #expect(throws: (any Error).self) { try fixture.fetch("v1") }
        let told = (error as? FileError) ?? (error as? CocoaError).flatMap(FileError.init)
        guard case .notPermitted(_, _, EROFS) = told else {
            Issue.record("\(String(describing: error))")
            return
        }
    }
}
