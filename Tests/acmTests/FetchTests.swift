import Foundation
import HubServer
import TestSupport
import Testing
import Torch

@Suite struct FetchTests {
    let hub: FakeHub
    let folder: TemporaryFolder

    init() throws {
        var files = ["README.md": Data("# Model".utf8)]
        for name in ["config.json", "model.safetensors"] {
            files[name] = try Data(contentsOf: Goldens.folder.appendingPathComponent("bert/\(name)"))
        }
        hub = try FakeHub(files, token: "secret")
        folder = try TemporaryFolder()
    }

    private var environment: [String: String] {
        [
            "HF_ENDPOINT": hub.address, "HF_HOME": folder["home"].path, "HF_TOKEN": "secret",
            "HF_HUB_CACHE": "", "HF_HUB_OFFLINE": "", "HF_TOKEN_PATH": "",
        ]
    }

    private func start(_ arguments: [String], _ more: [String: String] = [:]) throws -> Program {
        try Program(["fetch"] + arguments, in: folder, environment: environment.merging(more) { $1 })
    }

    private func fetch(_ arguments: String..., with more: [String: String] = [:]) throws -> Program.Ending {
        try start(arguments, more).wait()
    }

    private var snapshot: String {
        folder["home/hub/models--owner--model/snapshots/\(FakeHub.commits[0])"].path
    }

    @Test func theFolderThatIsPrintedHoldsTheModel() throws {
        let ending = try fetch(FakeHub.repository)
        ending.succeeds()
        #expect(ending.output == snapshot + "\n" && ending.errors.isEmpty)
        let inspected = try acm("inspect", String(ending.output.dropLast()), "--tokens", "7")
        inspected.succeeds()
        #expect(inspected.output.contains("BertModel"))
        let before = hub.server.requests.count
        for offline in [
            try fetch(FakeHub.repository, "--offline"),
            try fetch(
                FakeHub.repository, with: ["HF_HUB_OFFLINE": "1", "HF_ENDPOINT": "http://127.0.0.1:1"]),
        ] {
            offline.succeeds()
            #expect(offline.output == snapshot + "\n")
        }
        #expect(hub.server.requests.count == before)
    }

    @Test func json() throws {
        let ending = try fetch(FakeHub.repository, "--json", "--revision", FakeHub.commits[0])
        ending.succeeds()
        let reader = try JSONObjectReader(JSONValue(parsing: ending.output), source: "output")
        #expect(try reader.integer("format") == 1 && reader.string("repository") == FakeHub.repository)
        #expect(try reader.string("commit") == FakeHub.commits[0] && reader.string("path") == snapshot)
        let files = try reader.objects("files")
        #expect(try files.map { try $0.string("name") } == ["config.json", "model.safetensors"])
        #expect(try files.map { try $0.string("checksum") } == ["git-sha1", "sha256"])
        #expect(try files.allSatisfy { try $0.bool("fetched") && $0.integer("bytes") > 0 })
    }

    @Test func exitCodes() throws {
        try fetch("a b").refuses(64, "expected a repository as OWNER/NAME", "found \"a b\"")
        try fetch(FakeHub.repository, "--revision", "../x").refuses(64, "as the revision, found \"../x\"")
        try fetch(FakeHub.repository, with: ["HF_ENDPOINT": "hub"]).refuses(64, "HF_ENDPOINT must be")
        try fetch("owner/other").refuses(66, "cannot fetch owner/other", "no such repository")
        try fetch(FakeHub.repository, "--revision", "v9").refuses(66, "no branch, tag or commit \"v9\"")
        try fetch(FakeHub.repository, with: ["HF_TOKEN": ""])
            .refuses(66, "access is gated; ask for it at \(hub.address)/owner/model, then set HF_TOKEN")
        try fetch(FakeHub.repository, "--offline").refuses(66, "while offline: it is not there")
        try fetch(
            FakeHub.repository, with: ["HF_ENDPOINT": "http://127.0.0.1:1", "HF_HUB_DOWNLOAD_TIMEOUT": "1"]
        )
        .refuses(74, "cannot reach http://127.0.0.1:1/api/models/owner/model", "after 3 attempts")
        hub.inject(into: "model.safetensors", count: 2) { _, content in .init(body: Data(content.reversed()))
        }
        try fetch(FakeHub.repository).refuses(65, "model.safetensors", "expected sha256")
        try folder.add("file", Data())
        try fetch(FakeHub.repository, with: ["HF_HUB_CACHE": folder["file/cache"].path])
            .refuses(74, "file/cache")
    }

    @Test func whatItNeedsOfTheSystem() throws {
        try FileManager.default.createDirectory(at: folder["none"], withIntermediateDirectories: true)
        for name in ["libcurl.so.4", "libcurl-gnutls.so.4"] {
            try folder.add("none/\(name)", Data("text".utf8))
        }
        let ending = try fetch(FakeHub.repository, with: ["LD_LIBRARY_PATH": folder["none"].path])
        ending.refuses(
            70, "cannot fetch without libcurl", "libcurl.so.4", "install Debian's package libcurl4")
    }

    @Test func aKilledFetchGoesOn() throws {
        hub.inject(into: "model.safetensors") { request, content in
            var response = FakeHub.part(of: content, tag: "\"x\"", request)
            response.cutAfter = 50_000
            response.silence = 20
            return response
        }
        let killed = try start([FakeHub.repository])
        let blobs = folder["home/hub/models--owner--model/blobs"].path
        func partialCount() -> Int {
            let files = FileManager.default
            let names = (try? files.contentsOfDirectory(atPath: blobs)) ?? []
            guard let name = names.first(where: { $0.hasSuffix(".incomplete") && $0.count > 64 }) else {
                return 0
            }
            return ((try? files.attributesOfItem(atPath: "\(blobs)/\(name)"))?[.size] as? Int) ?? 0
        }
        while killed.isRunning, partialCount() < 50_000 { usleep(1000) }
        killed.kill()
        #expect(try killed.wait().status == 128 + SIGKILL)
        try fetch(FakeHub.repository).succeeds()
        #expect(hub.storage.requests.map { $0["range"] } == [nil, "bytes=50000-"])
        let weights = try Data(contentsOf: URL(fileURLWithPath: snapshot + "/model.safetensors"))
        #expect(
            try weights == Data(contentsOf: Goldens.folder.appendingPathComponent("bert/model.safetensors")))
    }

    @Test func twoProcessesFetchOnce() throws {
        hub.inject(into: "model.safetensors") { request, content in
            var response = FakeHub.part(of: content, tag: "\"x\"", request)
            response.silence = 0.5
            return response
        }
        let programs = try (0..<2).map { _ in try start([FakeHub.repository]) }
        for program in programs {
            let ending = try program.wait()
            ending.succeeds()
            #expect(ending.output == snapshot + "\n")
        }
        #expect(hub.contentRequests.count == 2)
    }
}
