import Foundation
import HubServer
import TestSupport
import Testing
import Torch

@testable import Hub

@Suite struct FetcherTests {
    @Test func theCacheHasTheStandardLayout() throws {
        let fixture = try Fixture()
        let snapshot = try fixture.fetch()
        let commit = FakeHub.commits[0]
        #expect(snapshot.commit == commit)
        #expect(
            snapshot.folder.path == fixture.cache["models--owner--model/snapshots/\(commit)"].path)
        #expect(snapshot.files.map(\.name) == Fixture.neededNames)
        #expect(snapshot.files.allSatisfy { $0.isNew })
        #expect(snapshot.files.map(\.checksum) == ["git-sha1", "sha256", "git-sha1", "git-sha1"])
        #expect(try fixture.holds(snapshot))
        #expect(try fixture.names("snapshots/\(commit)") == Fixture.neededNames)
        let tags = Fixture.neededNames.compactMap { name in
            Fixture.files[name].map { FakeHub.tag($0, isLarge: FakeHub.isLarge(name)) }
        }
        #expect(try fixture.names("blobs") == tags.sorted())
        let link = snapshot.folder.appendingPathComponent("model.safetensors").path
        #expect(
            try FileManager.default.destinationOfSymbolicLink(atPath: link)
                == "../../blobs/\(Fixture.weightsTag)")
        let reference = fixture.cache["models--owner--model/refs/main"]
        #expect(try String(contentsOf: reference, encoding: .utf8) == commit)
        #expect(try fixture.cache.contents() == [".locks", "CACHEDIR.TAG", "models--owner--model"])
    }

    @Test func whatIsThereIsNotFetchedAgain() throws {
        let fixture = try Fixture()
        _ = try fixture.fetch()
        let before = fixture.hub.server.requests.count
        let again = try fixture.fetch()
        #expect(again.files.allSatisfy { !$0.isNew })
        #expect(fixture.hub.server.requests.count == before + 1)  // the listing
        // Another commit has the same weights: only the link is new.
        let moved = try Fixture(Fixture.files, in: fixture.cache)
        let link = "models--owner--model/snapshots/\(FakeHub.commits[0])/model.safetensors"
        try FileManager.default.removeItem(at: fixture.cache[link])
        let linked = try moved.fetch()
        #expect(try moved.holds(linked) && linked.files.allSatisfy { !$0.isNew })
        #expect(moved.hub.contentRequests.isEmpty)
    }

    @Test func damagedFilesAreFetchedAgain() throws {
        let fixture = try Fixture()
        let snapshot = try fixture.fetch()
        let blob = fixture.cache["models--owner--model/blobs/\(Fixture.weightsTag)"]
        try Data("short".utf8).write(to: blob)
        try FileManager.default.removeItem(at: snapshot.folder.appendingPathComponent("vocab.txt"))
        let again = try fixture.fetch()
        #expect(again.files.filter(\.isNew).map(\.name) == ["model.safetensors"])
        #expect(try fixture.holds(again))
    }

    @Test(arguments: ["v1", "refs/pr/1", FakeHub.commits[1]]) func otherRevisions(revision: String) throws {
        let old = ["config.json": Data("{}".utf8), "model.safetensors": Data(count: 100)]
        let fixture = try Fixture(old: old)
        let snapshot = try fixture.fetch(revision)
        #expect(snapshot.commit == FakeHub.commits[1] && snapshot.files.count == 2)
        #expect(try fixture.holds(snapshot, old))
        #expect(fixture.cache.contains("models--owner--model/refs/\(revision)") == (revision.count < 40))
        #expect(try fixture.fetch(revision) { $0.isOffline = true }.folder == snapshot.folder)
        #expect(
            fixture.error("v3") == .noRevision("v3", repository: FakeHub.repository))
    }

    @Test func shardsComeByTheirIndex() throws {
        let index = """
            {"metadata": {}, "weight_map": {"a": "model-1.safetensors", "b": "model-2.safetensors",
             "c": "model-1.safetensors"}}
            """
        let files = [
            "config.json": Data("{}".utf8), "model.safetensors.index.json": Data(index.utf8),
            "model-1.safetensors": Data(count: 1000), "model-2.safetensors": Data(repeating: 1, count: 2000),
            "model-3.safetensors": Data(repeating: 2, count: 10),
        ]
        let fixture = try Fixture(files)
        let snapshot = try fixture.fetch()
        #expect(
            snapshot.files.map(\.name) == [
                "config.json", "model-1.safetensors", "model-2.safetensors", "model.safetensors.index.json",
            ])
        #expect(try fixture.holds(snapshot, files))
        let offline = try fixture.fetch { $0.isOffline = true }
        #expect(offline.files.map(\.name) == snapshot.files.map(\.name))
        try FileManager.default.removeItem(at: snapshot.folder.appendingPathComponent("model-2.safetensors"))
        #expect(
            fixture.error { $0.isOffline = true }
                == .notCached(
                    FakeHub.repository, revision: "main", folder: fixture.cache.url.path,
                    missing: ["model-2.safetensors"]))
    }

    @Test func filesOfTheSameContentShareABlob() throws {
        let same = Data("{}".utf8)
        let files = [
            "config.json": same, "generation_config.json": same, "tokenizer_config.json": same,
            "vocab.json": same, "model.safetensors": Data(), "added_tokens.json": same,
        ]
        let fixture = try Fixture(files)
        #expect(try fixture.holds(fixture.fetch(), files))
        #expect(try fixture.names("blobs").count == 2)
        #expect(fixture.hub.contentRequests.count == 1)
    }

    @Test func offlineTakesOnlyTheCache() throws {
        let fixture = try Fixture()
        let missing = HubError.notCached(
            FakeHub.repository, revision: "main", folder: fixture.cache.url.path, missing: [])
        #expect(fixture.error { $0.isOffline = true } == missing)
        let snapshot = try fixture.fetch()
        let before = fixture.hub.server.requests.count
        let offline = try fixture.fetch { $0.isOffline = true }
        #expect(offline.folder == snapshot.folder && offline.files.map(\.name) == Fixture.neededNames)
        #expect(fixture.hub.server.requests.count == before)
        for (name, expected) in [
            ("model.safetensors", "model.safetensors or model.safetensors.index.json"),
            ("config.json", "config.json"),
        ] {
            try FileManager.default.removeItem(at: snapshot.folder.appendingPathComponent(name))
            #expect(fixture.error { $0.isOffline = true }?.description.contains("no \(expected);") == true)
        }
    }

    /// A branch keeps its old snapshot until the new one is whole.
    @Test func aReferenceMovesLast() throws {
        let fixture = try Fixture()
        let old = try fixture.fetch()
        let files = Fixture.files.merging(["config.json": Data("{\"new\": 1}".utf8)]) { $1 }
        let moved = try Fixture([:], old: files, in: fixture.cache)
        moved.hub.inject { request in
            guard request.path.hasSuffix("revision/main") else { return nil }
            let siblings = files.keys.map { "{\"rfilename\": \"\($0)\"}" }.joined(separator: ",")
            return .init(
                body: Data("{\"sha\": \"\(FakeHub.commits[1])\", \"siblings\": [\(siblings)]}".utf8))
        }
        moved.hub.inject { $0.path.hasSuffix("vocab.txt") ? .init(403) : nil }
        #expect(moved.error() != nil)
        #expect(try moved.fetch { $0.isOffline = true }.folder == old.folder)
    }

    @Test func progressEndsAtTheTotal() throws {
        let fixture = try Fixture()
        let last = Box(FetchProgress())
        let fetcher = Fetcher(try fixture.hub.settings(fixture.cache.url)) { last.value = $0 }
        _ = try fetcher.fetch(RepositoryName(FakeHub.repository))
        let total = Fixture.neededNames.reduce(0) { $0 + (Fixture.files[$1]?.count ?? 0) }
        #expect(last.value.byteCount == total && last.value.totalByteCount == total)
    }

    @Test func twoFetchersDoTheWorkOnce() throws {
        let fixture = try Fixture()
        fixture.hub.inject(into: "model.safetensors", count: 2) { request, content in
            var response = FakeHub.part(of: content, tag: "\"x\"", request)
            response.silence = 0.2
            return response
        }
        let snapshots = Box<[Snapshot]>([])
        DispatchQueue.global().sync {
            let group = DispatchGroup()
            for _ in 0..<2 {
                DispatchQueue(label: "fetch").async(group: group) {
                    if let snapshot = try? fixture.fetch() { snapshots.append(snapshot) }
                }
            }
            group.wait()
        }
        #expect(snapshots.value.count == 2)
        #expect(try snapshots.value.allSatisfy { try fixture.holds($0) })
        #expect(fixture.hub.contentRequests.count == Fixture.neededNames.count)
    }
}
