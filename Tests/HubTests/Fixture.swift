import Foundation
import HubServer
import TestSupport
import Testing

@testable import Hub

/// A hub, an empty cache, and what lies in both.
struct Fixture {
    static let weights = Data((0..<300_000).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) })

    /// What a model's repository usually holds.
    static let files: [String: Data] = [
        "config.json": Data("{\"model_type\": \"bert\"}".utf8), "vocab.txt": Data("[PAD]\n[UNK]\n".utf8),
        "tokenizer_config.json": Data("{}".utf8), "model.safetensors": weights,
        "pytorch_model.bin": Data("pickled".utf8), "README.md": Data("# Model".utf8),
        "onnx/model.onnx": Data(),
    ]
    static let neededNames = ["config.json", "model.safetensors", "tokenizer_config.json", "vocab.txt"]

    let hub: FakeHub
    let cache: TemporaryFolder

    init(
        _ files: [String: Data] = Self.files, old: [String: Data] = [:], token: String? = nil,
        in cache: TemporaryFolder? = nil
    ) throws {
        hub = try FakeHub(files, oldFiles: old, token: token)
        self.cache = try cache ?? TemporaryFolder()
    }

    func fetch(
        _ revision: String = "main", token: String? = nil, _ change: (inout HubSettings) -> Void = { _ in }
    ) throws -> Snapshot {
        var settings = try hub.settings(cache.url, token: token)
        change(&settings)
        return try Fetcher(settings).fetch(
            RepositoryName(FakeHub.repository), revision: Revision(revision))
    }

    /// Fetches, and gives the error that must come.
    func error(
        _ revision: String = "main", token: String? = nil, sourceLocation: SourceLocation = #_sourceLocation,
        _ change: (inout HubSettings) -> Void = { _ in }
    ) -> HubError? {
        #expect(throws: HubError.self, sourceLocation: sourceLocation) {
            try fetch(revision, token: token, change)
        }
    }

    func names(_ folder: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(
            atPath: cache["models--owner--model/\(folder)"].path
        ).sorted()
    }

    /// Whether a snapshot's files have the contents of the hub's.
    func holds(_ snapshot: Snapshot, _ files: [String: Data] = Self.files) throws -> Bool {
        try snapshot.files.allSatisfy {
            try Data(contentsOf: snapshot.folder.appendingPathComponent($0.name)) == files[$0.name]
        }
    }

    /// The requests for the weights, in order.
    var weightRequests: [LocalServer.Request] { hub.storage.requests }

    static var weightsTag: String { FakeHub.tag(weights, isLarge: true) }
}
