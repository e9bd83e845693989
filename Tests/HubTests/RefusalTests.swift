import Foundation
import HubServer
import TestSupport
import Testing
import Torch

@testable import Hub

/// What is not given, and what is not taken.
@Suite struct RefusalTests {
    static let name = FakeHub.repository

    @Test func pickledWeights() throws {
        var files = Fixture.files
        files["model.safetensors"] = nil
        files["training_args.bin"] = Data("x".utf8)
        let error = try Fixture(files).error()
        #expect(error == .pickled(Self.name, file: "pytorch_model.bin"))
        #expect(error?.description.contains("safe_serialization=True") == true)
        files["pytorch_model.bin"] = nil
        #expect(
            try Fixture(files).error()
                == .noModel(Self.name, expected: "model.safetensors or model.safetensors.index.json"))
        #expect(
            try Fixture(["model.safetensors": Data()]).error() == .noModel(Self.name, expected: "config.json")
        )
    }

    @Test(arguments: ["../x", "/etc/x", "a/../../x", "a//b", "a\\\\b", "a\\u0000b", ""])
    func namesThatLeadElsewhere(file: String) throws {
        let fixture = try Fixture()
        fixture.hub.inject { request in
            guard request.path.contains("/api/") else { return nil }
            let siblings = "[{\"rfilename\": \"config.json\"}, {\"rfilename\": \"\(file)\"}]"
            return .init(body: Data("{\"sha\": \"\(FakeHub.commits[0])\", \"siblings\": \(siblings)}".utf8))
        }
        guard case .unsafeName = fixture.error() else {
            Issue.record("\(file) is taken")
            return
        }
        #expect(try fixture.cache.contents() == [])
    }

    @Test(arguments: ["../x.safetensors", "/x.safetensors", "a/x.safetensors", ".x.safetensors"])
    func shardsThatLieElsewhere(shard: String) throws {
        let fixture = try Fixture([
            "config.json": Data("{}".utf8),
            "model.safetensors.index.json": Data("{\"weight_map\": {\"a\": \"\(shard)\"}}".utf8),
        ])
        #expect(fixture.error() == .unsafeName(shard, repository: Self.name))
    }

    @Test func shardsThatAreMissing() throws {
        let index = "model.safetensors.index.json"
        let fixture = try Fixture([
            "config.json": Data("{}".utf8), index: Data("{\"weight_map\": {\"a\": \"b.safetensors\"}}".utf8),
        ])
        #expect(
            fixture.error()
                == .noModel(Self.name, expected: "b.safetensors, which \(index) names"))
        let broken = try Fixture(["config.json": Data("{}".utf8), index: Data("{\"weight_map\": 1}".utf8)])
        #expect(throws: JSONError.self) { try broken.fetch() }
    }

    @Test(
        arguments: [
            "{", "[]", "{\"siblings\": []}", "{\"sha\": \"../x\", \"siblings\": []}",
            "{\"sha\": \"\(FakeHub.commits[0])\"}", "<html>", "",
            "{\"sha\": \"\(FakeHub.commits[0])\", \"siblings\": [{\"rfilename\": 1}]}",
        ])
    func listingsThatAreNone(text: String) throws {
        let fixture = try Fixture()
        fixture.hub.inject { $0.path.contains("/api/") ? .init(body: Data(text.utf8)) : nil }
        #expect(throws: JSONError.self) { try fixture.fetch() }
        #expect(try fixture.cache.contents() == [])
    }

    @Test func listingsWithoutEnd() throws {
        let fixture = try Fixture()
        fixture.hub.inject { $0.path.contains("/api/") ? .init(body: Data(count: 65 << 20)) : nil }
        guard case .invalidAnswer(_, let expected, "more") = fixture.error() else {
            Issue.record("the listing is taken")
            return
        }
        #expect(expected == "at most 67108864 bytes")
    }

    /// By status, code and message of the answer, and by whether there is a token.
    @Test func answersWithoutAccess() throws {
        let fixture = try Fixture()
        let status = Box(FakeHub.Response())
        fixture.hub.inject { _ in status.value }
        func error(_ code: Int, _ fields: [String: String], _ token: String? = nil) -> HubError? {
            status.value = .init(code, fields, body: Data(count: 1 << 20))
            return fixture.error(token: token)
        }
        let endpoint = fixture.hub.address
        for token in [nil, "secret"] {
            let hasToken = token != nil
            for code in [401, 403] {
                #expect(
                    error(code, ["X-Error-Code": "GatedRepo"], token)
                        == .gated(Self.name, endpoint: endpoint, hasToken: hasToken))
            }
            let missing = HubError.noRepository(Self.name, endpoint: endpoint, hasToken: hasToken)
            #expect(error(404, ["X-Error-Code": "RepoNotFound"], token) == missing)
            #expect(error(401, ["X-Error-Code": "RepoNotFound"], token) == missing)
            #expect(error(404, [:], token) == missing)
            #expect(
                error(403, ["X-Error-Message": "No.\u{1B}[31m"], token)
                    == .refused(Self.name, status: 403, hasToken: hasToken, says: "No.[31m"))
        }
        #expect(error(401, [:]) == .noRepository(Self.name, endpoint: endpoint, hasToken: false))
        #expect(error(401, [:], "secret") == .refused(Self.name, status: 401, hasToken: true, says: nil))
        #expect(
            error(418, [:])
                == .invalidAnswer(url: "\(endpoint)/owner/model", expected: "HTTP status 200", found: "418"))
    }

    @Test func gatedRepositories() throws {
        let fixture = try Fixture(token: "secret")
        #expect(fixture.error() == .gated(Self.name, endpoint: fixture.hub.address, hasToken: false))
        #expect(try fixture.holds(fixture.fetch(token: "secret")))
        // The server with the large files has answered, so no token went there.
        #expect(fixture.weightRequests.count == 1 && fixture.weightRequests[0]["authorization"] == nil)
        #expect(fixture.hub.server.requests.suffix(9).allSatisfy { $0["authorization"] == "Bearer secret" })
    }

    @Test func filesThatAreListedButNotThere() throws {
        let fixture = try Fixture()
        fixture.hub.inject {
            $0.path.hasSuffix("vocab.txt") ? .init(404, ["X-Error-Code": "EntryNotFound"]) : nil
        }
        #expect(fixture.error() == .noFile("vocab.txt", repository: Self.name))
    }

    /// A renamed repository is followed with the token, another server without; and back without.
    @Test func redirects() throws {
        let fixture = try Fixture()
        let address = fixture.hub.address
        let other = try LocalServer { .init(307, ["Location": "\(address)/back\($0.target)"]) }
        fixture.hub.inject { request in
            guard request.path.hasPrefix("/api/"), request["x-hop"] == nil else { return nil }
            return .init(307, ["Location": "/moved\(request.target)"])
        }
        let there = other.address
        fixture.hub.inject { request in
            request.path.hasPrefix("/moved/") ? .init(302, ["Location": there + request.target]) : nil
        }
        fixture.hub.inject { request in
            guard request.path.hasPrefix("/back/") else { return nil }
            return .init(
                body: Data("{\"sha\": \"\(FakeHub.commits[0])\", \"siblings\": []}".utf8))
        }
        #expect(fixture.error(token: "secret") == .noModel(Self.name, expected: "config.json"))
        #expect(
            fixture.hub.server.requests.map { $0["authorization"] } == [
                "Bearer secret", "Bearer secret", nil,
            ])
        #expect(other.requests.map { $0["authorization"] } == [nil])
    }

    @Test(arguments: ["ftp://127.0.0.1/x", "file:///etc/passwd", "http://[", "/loop"])
    func redirectsThatLeadNowhere(location: String) throws {
        let fixture = try Fixture()
        fixture.hub.inject { _ in .init(302, ["Location": location]) }
        guard case .invalidAnswer = fixture.error() else {
            Issue.record("\(location) is followed")
            return
        }
        #expect(fixture.hub.server.requests.count == (location == "/loop" ? 11 : 1))
    }

    @Test(
        arguments: [
            [:], ["ETag": ""], ["ETag": "\"../x\""], ["ETag": "\".x\""], ["X-Linked-Etag": "\"a/b\""],
            ["X-Linked-Etag": "\"a\"", "X-Linked-Size": "-1"], ["ETag": "\"a\"", "X-Linked-Size": "many"],
            ["ETag": "\"a\"", "X-Repo-Commit": FakeHub.commits[1]],
        ])
    func answersThatDescribeNoFile(fields: [String: String]) throws {
        let fixture = try Fixture()
        fixture.hub.inject { $0.method == "HEAD" ? .init(200, fields) : nil }
        guard case .invalidAnswer = fixture.error() else {
            Issue.record("\(fields) is taken")
            return
        }
        #expect(fixture.hub.contentRequests.isEmpty)
    }

    /// A mirror with tags of its own: sizes are all that can be compared.
    @Test func tagsThatAreNoChecksums() throws {
        let fixture = try Fixture()
        fixture.hub.inject { request in
            guard request.method == "HEAD", let name = request.path.split(separator: "/").last,
                let content = Fixture.files[String(name)]
            else { return nil }
            return .init(200, ["ETag": "W/\"mirror-\(name)\""], body: content)
        }
        let snapshot = try fixture.fetch()
        #expect(try fixture.holds(snapshot))
        #expect(snapshot.files.allSatisfy { $0.checksum == nil && $0.isNew })
        #expect(try fixture.names("blobs").contains("mirror-vocab.txt"))
    }
}
