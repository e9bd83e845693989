import CHub
import Foundation
import Hub
import Synchronization

/// A hub of one repository, on this machine, that speaks the paths of Hugging Face's: the model's
/// information, the tree, and files, where large ones lie on another server.
public final class FakeHub: Sendable {
    public typealias Request = LocalServer.Request
    public typealias Response = LocalServer.Response
    /// Gives an answer in place of the hub's, or nil to leave it to the hub.
    public typealias Fault = @Sendable (Request) -> Response?

    public static let repository = "owner/model"
    /// Of `main`, and of `v1` and `refs/pr/1`.
    public static let commits = [
        String(repeating: "a1", count: 20), String(repeating: "b2", count: 20),
    ]

    private final class State: Sendable {
        let files: [String: Data]
        let oldFiles: [String: Data]
        let token: String?
        let faults = Mutex<[Fault]>([])

        init(_ files: [String: Data], _ oldFiles: [String: Data], _ token: String?) {
            self.files = files
            self.oldFiles = oldFiles
            self.token = token
        }

        func files(_ revision: String) -> (commit: String, files: [String: Data])? {
            switch revision {
            case "main", FakeHub.commits[0]: (FakeHub.commits[0], files)
            case "v1", "refs/pr/1", FakeHub.commits[1]: (FakeHub.commits[1], oldFiles)
            default: nil
            }
        }

        func fault(_ request: Request) -> Response? {
            // Each is asked once: some count.
            for fault in faults.withLock({ $0 }) {
                if let response = fault(request) { return response }
            }
            return nil
        }
    }

    public let server: LocalServer
    /// Where large files lie: it takes no token.
    public let storage: LocalServer
    private let state: State

    /// - Parameters:
    ///   - files: those of `main`; names that end in `.safetensors` are large.
    ///   - oldFiles: those of `v1` and `refs/pr/1`.
    ///   - token: needed for everything, if given.
    public init(_ files: [String: Data], oldFiles: [String: Data] = [:], token: String? = nil) throws {
        let state = State(files, oldFiles, token)
        self.state = state
        let storage = try LocalServer { request in
            if let response = state.fault(request) { return response }
            guard request["authorization"] == nil else { return Response(400) }
            let all = Array(state.files.values) + Array(state.oldFiles.values)
            guard let content = all.first(where: { request.path == "/stored/" + Self.tag($0, isLarge: true) })
            else { return Response(404) }
            return Self.part(of: content, tag: "\"multipart-5\"", request)
        }
        self.storage = storage
        let address = storage.address
        server = try LocalServer { request in
            state.fault(request) ?? Self.answer(request, state, storage: address)
        }
    }

    public var address: String { server.address }

    /// Adds a fault for all requests from now on, of both servers.
    public func inject(_ fault: @escaping Fault) {
        state.faults.withLock { $0.append(fault) }
    }

    /// Adds a fault for the first `count` GET requests of a file's content, at the server that has it.
    public func inject(
        into name: String, count: Int = 1, _ fault: @escaping @Sendable (Request, Data) -> Response
    ) {
        guard let content = state.files[name] else { return }
        let path = Self.isLarge(name) ? "/stored/" + Self.tag(content, isLarge: true) : "/\(name)"
        let left = Mutex(count)
        inject { request in
            guard request.method == "GET", request.path.hasSuffix(path) else { return nil }
            let isDue = left.withLock { left in
                left -= 1
                return left >= 0
            }
            return isDue ? fault(request, content) : nil
        }
    }

    /// Requests for the content of files, at either server; not those that were redirected.
    public var contentRequests: [Request] {
        storage.requests.filter { $0.method == "GET" }
            + server.requests.filter {
                $0.method == "GET" && $0.path.contains("/resolve/") && !Self.isLarge($0.path)
            }
    }

    /// Settings for a client of this hub that does not wait long.
    public func settings(_ cache: URL, token: String? = nil) throws -> HubSettings {
        var settings = try HubSettings(endpoint: address, cacheFolder: cache, token: token)
        settings.firstDelay = 0.01
        return settings
    }

    public static func isLarge(_ name: String) -> Bool { name.hasSuffix(".safetensors") }

    /// The ETag of a content: SHA-256 of a large file, else SHA-1 as git takes it.
    public static func tag(_ content: Data, isLarge: Bool) -> String {
        guard let digest = hub_digest_create(isLarge ? "sha256" : "sha1", nil, 0) else { return "none" }
        defer { hub_digest_free(digest) }
        let head = isLarge ? Data() : Data("blob \(content.count)\0".utf8)
        for piece in [head, content] {
            _ = piece.withUnsafeBytes { hub_digest_append(digest, $0.baseAddress, $0.count) }
        }
        var result = [UInt8](repeating: 0, count: 64)
        let count = hub_digest_finish(digest, &result)
        return result.prefix(count).map { String(format: "%02x", $0) }.joined()
    }
}

extension FakeHub {
    private static func answer(_ request: Request, _ state: State, storage: String) -> Response {
        if let token = state.token, request["authorization"] != "Bearer \(token)" {
            return Response(401, ["X-Error-Code": "GatedRepo", "X-Error-Message": "Access is restricted."])
        }
        let parts = request.path.split(separator: "/").map { String($0).removingPercentEncoding ?? "" }
        let name = repository.split(separator: "/").map(String.init)
        if parts.prefix(2).elementsEqual(["api", "models"]), parts.dropFirst(2).prefix(2).elementsEqual(name),
            parts.count == 6
        {
            guard let (commit, files) = state.files(parts[5]) else {
                return Response(404, ["X-Error-Code": "RevisionNotFound"])
            }
            return Response(
                200, ["Content-Type": "application/json"],
                body: parts[4] == "tree" ? tree(files) : information(commit, files))
        }
        if parts.prefix(2).elementsEqual(name), parts.count >= 5, parts[2] == "resolve" {
            guard let (commit, files) = state.files(parts[3]) else {
                return Response(404, ["X-Error-Code": "RevisionNotFound"])
            }
            let file = parts.dropFirst(4).joined(separator: "/")
            guard let content = files[file] else {
                return Response(404, ["X-Error-Code": "EntryNotFound", "X-Repo-Commit": commit])
            }
            return self.content(request, file, content, commit, storage: storage)
        }
        return Response(404, ["X-Error-Code": "RepoNotFound"])
    }

    private static func content(
        _ request: Request, _ file: String, _ content: Data, _ commit: String, storage: String
    ) -> Response {
        let tag = tag(content, isLarge: isLarge(file))
        guard isLarge(file) else {
            var response = part(of: content, tag: "\"\(tag)\"", request)
            response.fields["X-Repo-Commit"] = commit
            return response
        }
        return Response(
            302,
            [
                "X-Repo-Commit": commit, "X-Linked-Etag": "\"\(tag)\"", "X-Linked-Size": "\(content.count)",
                "ETag": "\"of-the-redirect\"", "Location": "\(storage)/stored/\(tag)?signature=x%2Fy",
            ], body: Data("Found. Redirecting".utf8))
    }

    /// The whole content, or what `Range` and `If-Range` ask for.
    public static func part(of content: Data, tag: String, _ request: Request) -> Response {
        let fields = ["ETag": tag, "Accept-Ranges": "bytes"]
        guard let range = request["range"], range.hasPrefix("bytes="), range.hasSuffix("-"),
            let first = Int(range.dropFirst(6).dropLast()), request["if-range"] ?? tag == tag
        else { return Response(200, fields, body: content) }
        guard first < content.count else {
            return Response(416, fields.merging(["Content-Range": "bytes */\(content.count)"]) { $1 })
        }
        let span = "bytes \(first)-\(content.count - 1)/\(content.count)"
        return Response(206, fields.merging(["Content-Range": span]) { $1 }, body: content.dropFirst(first))
    }

    private static func information(_ commit: String, _ files: [String: Data]) -> Data {
        let siblings = files.sorted { $0.key < $1.key }
            .map { "{\"rfilename\": \"\($0.key)\", \"size\": \($0.value.count)}" }
        return Data(
            """
            {"id": "\(repository)", "modelId": "\(repository)", "sha": "\(commit)", "private": false,
             "downloads": 0, "likes": 0, "tags": [], "siblings": [\(siblings.joined(separator: ", "))]}
            """.utf8)
    }

    private static func tree(_ files: [String: Data]) -> Data {
        let entries = files.sorted { $0.key < $1.key }.map { name, content in
            let (small, large) = (tag(content, isLarge: false), tag(content, isLarge: true))
            let stored =
                isLarge(name)
                ? ", \"lfs\": {\"oid\": \"\(large)\", \"size\": \(content.count), \"pointerSize\": 134}" : ""
            return """
                {"type": "file", "path": "\(name)", "size": \(content.count), "oid": "\(small)"\(stored)}
                """
        }
        return Data("[\(entries.joined(separator: ", "))]".utf8)
    }
}
