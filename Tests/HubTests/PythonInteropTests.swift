import Foundation
import HubServer
import TestSupport
import Testing

@testable import Hub

private let pythonPath = ProcessInfo.processInfo.environment["ACM_HUB_PYTHON"]

/// One cache, two programs: ours and Python's `huggingface_hub`, of the interpreter that `ACM_HUB_PYTHON` names.
@Suite(.enabled(if: pythonPath != nil, "needs ACM_HUB_PYTHON, a python with huggingface_hub"))
struct PythonInteropTests {
    let fixture: Fixture

    init() throws {
        fixture = try Fixture()
    }

    /// Runs a program and gives what it prints.
    private func python(_ program: String, _ more: [String: String] = [:]) throws -> String {
        let process = Process()
        let output = Pipe()
        process.executableURL = URL(fileURLWithPath: pythonPath ?? "python3")
        process.arguments = ["-c", "import huggingface_hub as hub; name = 'owner/model'\n" + program]
        process.environment = ProcessInfo.processInfo.environment.merging([
            "HF_ENDPOINT": fixture.hub.address, "HF_HUB_CACHE": fixture.cache.url.path,
            "HF_HUB_DISABLE_PROGRESS_BARS": "1", "HF_HUB_DISABLE_TELEMETRY": "1",
        ]) { $1 }.merging(more) { $1 }
        process.standardOutput = output
        try process.run()
        let data = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)
        return String(decoding: data, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
    }

    private static let patterns = "allow_patterns=['*.json', '*.txt', 'model.safetensors']"

    @Test func pythonUsesWhatWeFetched() throws {
        let snapshot = try fixture.fetch()
        let before = fixture.hub.contentRequests.count
        for program in [
            "print(hub.snapshot_download(name, local_files_only=True))",
            "print(hub.snapshot_download(name, \(Self.patterns)))",
            "import os; print(os.path.dirname(hub.hf_hub_download(name, 'model.safetensors')))",
            "import os; print(os.path.dirname(hub.try_to_load_from_cache(name, 'vocab.txt')))",
        ] {
            #expect(try python(program) == snapshot.folder.path, "\(program)")
        }
        let offline = "print(hub.snapshot_download(name, \(Self.patterns)))"
        #expect(try python(offline, ["HF_HUB_OFFLINE": "1"]) == snapshot.folder.path)
        #expect(fixture.hub.contentRequests.count == before)
        let scan = """
            info = hub.scan_cache_dir()
            repository, = info.repos
            revision, = repository.revisions
            print(len(info.warnings), repository.repo_id, revision.commit_hash, sorted(revision.refs), revision.nb_files)
            """
        #expect(
            try python(scan) == "0 owner/model \(FakeHub.commits[0]) ['main'] \(Fixture.neededNames.count)")
    }

    @Test func weUseWhatPythonFetched() throws {
        let folder = try python("print(hub.snapshot_download(name, \(Self.patterns)))")
        let before = fixture.hub.contentRequests.count
        #expect(before == Fixture.neededNames.count)
        let snapshot = try fixture.fetch()
        #expect(snapshot.folder.path == folder && snapshot.files.allSatisfy { !$0.isNew })
        #expect(try fixture.fetch { $0.isOffline = true }.folder.path == folder)
        #expect(fixture.hub.contentRequests.count == before)
    }

    /// Python stops after some files; we fetch the others, and Python finds them.
    @Test func eachGoesOnWithTheOthersWork() throws {
        _ = try python(
            "hub.hf_hub_download(name, 'model.safetensors'); hub.hf_hub_download(name, 'config.json')")
        let snapshot = try fixture.fetch()
        #expect(snapshot.files.filter(\.isNew).map(\.name) == ["tokenizer_config.json", "vocab.txt"])
        #expect(try python("print(hub.snapshot_download(name, \(Self.patterns)))") == snapshot.folder.path)
        #expect(fixture.hub.contentRequests.count == Fixture.neededNames.count)
        let names = try fixture.names("blobs")
        #expect(names.count == Fixture.neededNames.count)
    }

    /// Both at once wait for each other's lock.
    @Test func bothAtOnce() throws {
        fixture.hub.inject(into: "model.safetensors", count: 2) { request, content in
            var response = FakeHub.part(of: content, tag: "\"x\"", request)
            response.silence = 3
            return response
        }
        let result = Box<[Snapshot]>([])
        let group = DispatchGroup()
        let fixture = fixture
        DispatchQueue.global().async(group: group) {
            if let snapshot = try? fixture.fetch() { result.append(snapshot) }
        }
        let folder = try python("print(hub.snapshot_download(name, \(Self.patterns)))")
        group.wait()
        #expect(result.value.map(\.folder.path) == [folder])
        #expect(try result.value.allSatisfy { try fixture.holds($0) })
        #expect(fixture.weightRequests.count == 1)
    }
}
