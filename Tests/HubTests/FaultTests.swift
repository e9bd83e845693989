import Foundation
import HubServer
import TestSupport
import Testing
import Torch

@testable import Hub

/// Servers and networks that fail.
@Suite struct FaultTests {
    let fixture: Fixture

    init() throws {
        fixture = try Fixture()
    }

    private func response(_ request: FakeHub.Request, _ content: Data) -> FakeHub.Response {
        FakeHub.part(of: content, tag: "\"x\"", request)
    }

    @Test func aCutFileGoesOnWhereItWas() throws {
        fixture.hub.inject(into: "model.safetensors") { request, content in
            var response = response(request, content)
            response.cutAfter = 100_000
            return response
        }
        #expect(try fixture.holds(fixture.fetch()))
        #expect(fixture.weightRequests.map { $0["range"] } == [nil, "bytes=100000-"])
        #expect(fixture.hub.storage.bodyByteCount == Fixture.weights.count)
        #expect(try !fixture.names("blobs").contains { $0.hasSuffix(".incomplete") })
    }

    /// Each attempt brings a little; the next fetch goes on from there.
    @Test func aLaterFetchGoesOnToo() throws {
        fixture.hub.inject(into: "model.safetensors", count: 3) { request, content in
            var response = response(request, content)
            response.cutAfter = 50_000
            return response
        }
        let error = fixture.error { $0.attemptCount = 3 }
        guard case .unreachable(let url, 3, _) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(url.hasSuffix("/owner/model/resolve/\(FakeHub.commits[0])/model.safetensors"))
        let partial = "\(Fixture.weightsTag).incomplete"
        #expect(try fixture.names("blobs").contains(partial))
        #expect(try fixture.holds(fixture.fetch()))
        #expect(fixture.weightRequests.last?["range"] == "bytes=150000-")
        #expect(fixture.hub.storage.bodyByteCount == Fixture.weights.count)
        #expect(try !fixture.names("blobs").contains(partial))
    }

    /// A slow way to the end is one: failures are counted from the last megabyte on.
    @Test func progressIsNoFailure() throws {
        let files = Fixture.files.merging(["model.safetensors": Data(count: 3_500_000)]) { $1 }
        let fixture = try Fixture(files)
        fixture.hub.inject(into: "model.safetensors", count: 3) { request, content in
            var response = response(request, content)
            response.cutAfter = 1_100_000
            return response
        }
        #expect(try fixture.holds(fixture.fetch { $0.attemptCount = 2 }, files))
        #expect(fixture.weightRequests.count == 4)
        #expect(fixture.hub.storage.bodyByteCount == 3_500_000)
    }

    @Test func aPartThatIsWholeNeedsNoRequest() throws {
        let blobs = fixture.cache["models--owner--model/blobs"]
        try FileManager.default.createDirectory(at: blobs, withIntermediateDirectories: true)
        let partial = blobs.appendingPathComponent("\(Fixture.weightsTag).incomplete")
        try Fixture.weights.write(to: partial)
        #expect(try fixture.holds(fixture.fetch()))
        #expect(fixture.weightRequests.isEmpty)
    }

    /// A part of something else, and one that is too long.
    @Test(arguments: [70_000, 400_000]) func aPartThatIsWrongIsNotKept(count: Int) throws {
        let blobs = fixture.cache["models--owner--model/blobs"]
        try FileManager.default.createDirectory(at: blobs, withIntermediateDirectories: true)
        try Data(count: count).write(to: blobs.appendingPathComponent("\(Fixture.weightsTag).incomplete"))
        #expect(try fixture.holds(fixture.fetch()))
        #expect(
            fixture.weightRequests.map { $0["range"] } == (count == 70_000 ? ["bytes=70000-", nil] : [nil]))
    }

    /// A server that does not know ranges, one that sends other bytes, and one that has no more.
    @Test(arguments: [200, 206, 416]) func theRestInOtherWays(status: Int) throws {
        fixture.hub.inject(into: "model.safetensors", count: 2) { request, content in
            var response = FakeHub.Response(status, body: status == 416 ? Data() : content)
            if request["range"] == nil {
                response = .init(body: content)
                response.cutAfter = 100_000
            } else if status == 206 {
                response.fields["Content-Range"] = "bytes 0-299999/300000"
            }
            return response
        }
        #expect(try fixture.holds(fixture.fetch()))
        #expect(
            fixture.weightRequests.map { $0["range"] }
                == [nil, "bytes=100000-"] + (status == 200 ? [] : [nil]))
    }

    /// Small files come with their own ETag, which is the condition for the rest.
    @Test func theRestIsThatOfTheSameFile() throws {
        let vocabulary = Data((0..<2000).map { UInt8(97 + $0 % 26) })
        let fixture = try Fixture(Fixture.files.merging(["vocab.txt": vocabulary]) { $1 })
        let tag = FakeHub.tag(vocabulary, isLarge: false)
        fixture.hub.inject(into: "vocab.txt") { _, content in
            var response = FakeHub.Response(200, ["ETag": "\"\(tag)\""], body: content)
            response.cutAfter = 700
            return response
        }
        let snapshot = try fixture.fetch()
        #expect(try Data(contentsOf: snapshot.folder.appendingPathComponent("vocab.txt")) == vocabulary)
        let requests = fixture.hub.contentRequests.filter { $0.path.hasSuffix("vocab.txt") }
        #expect(requests.map { $0["range"] } == [nil, "bytes=700-"])
        #expect(requests.map { $0["if-range"] } == [nil, "\"\(tag)\""])
    }

    @Test(arguments: ["model.safetensors", "vocab.txt"]) func wrongContentsAreRefused(name: String) throws {
        fixture.hub.inject(into: name, count: 9) { _, content in
            .init(body: Data(content.reversed()))
        }
        let error = fixture.error()
        guard case .wrongContents(name, let expected, _) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        let tag = FakeHub.tag(Fixture.files[name] ?? Data(), isLarge: FakeHub.isLarge(name))
        #expect(expected == (FakeHub.isLarge(name) ? "sha256 \(tag)" : "git-sha1 \(tag)"))
        // Once more, and no third time; nothing of it stays.
        #expect(
            fixture.hub.contentRequests.filter { $0.path.hasSuffix(name) || $0.path.hasSuffix(tag) }.count
                == 2)
        #expect(try !fixture.names("blobs").contains { $0.hasPrefix(tag) })
        #expect(!fixture.cache.contains("models--owner--model/refs/main"))
    }

    @Test func contentsThatAreWrongOnceAreFetchedAgain() throws {
        fixture.hub.inject(into: "model.safetensors") { _, content in .init(body: Data(content.reversed())) }
        #expect(try fixture.holds(fixture.fetch()))
        #expect(fixture.weightRequests.count == 2)
    }

    /// Longer than announced, known before and while it comes, and shorter.
    @Test(arguments: [false, true], [10, -10]) func wrongSizesAreRefused(isChunked: Bool, change: Int) throws
    {
        fixture.hub.inject(into: "model.safetensors", count: 9) { _, content in
            var response = FakeHub.Response(
                body: change > 0 ? content + Data(count: change) : content.dropLast(10))
            response.isChunked = isChunked
            return response
        }
        #expect(
            fixture.error()
                == .wrongContents(
                    "model.safetensors", expected: "300000 bytes", found: "\(300_000 + change)"))
        #expect(fixture.weightRequests.count == 2)
        #expect(try !fixture.names("blobs").contains { $0.hasPrefix(Fixture.weightsTag) })
    }

    /// A length that no file has is known before a byte of it is taken.
    @Test func claimedLengths() throws {
        fixture.hub.inject(into: "model.safetensors", count: 9) { _, content in
            var response = FakeHub.Response(body: content)
            response.claimedLength = 1 << 50
            return response
        }
        #expect(
            fixture.error()
                == .wrongContents("model.safetensors", expected: "300000 bytes", found: "\(1 << 50)"))
    }

    @Test func aSizeThatNoDiskHas() throws {
        fixture.hub.inject { request in
            guard request.method == "HEAD", request.path.hasSuffix("model.safetensors") else { return nil }
            return .init(
                302,
                [
                    "X-Linked-Etag": "\"\(Fixture.weightsTag)\"", "X-Linked-Size": "\(Int.max)",
                    "Location": "http://127.0.0.1:1/",
                ])
        }
        guard case .noRoom(_, Int.max, let free) = fixture.error() else {
            Issue.record("the disk takes it")
            return
        }
        #expect(free > 0 && fixture.weightRequests.isEmpty)
    }

    @Test(arguments: [500, 503, 429, 408]) func busyServersAreAskedAgain(status: Int) throws {
        let asked = Box<[String]>([])
        fixture.hub.inject { request in
            let isNew = !asked.value.contains(request.method + request.path)
            asked.append(request.method + request.path)
            return isNew ? .init(status, ["Retry-After": "0.01"], body: Data("busy".utf8)) : nil
        }
        #expect(try fixture.holds(fixture.fetch()))
        #expect(fixture.weightRequests.count == 2)
    }

    @Test func serversThatStayBusyAreLeft() throws {
        fixture.hub.inject { $0.path.hasSuffix("model.safetensors") ? .init(502) : nil }
        let error = fixture.error()
        guard case .unreachable(_, 5, "the server answers with HTTP status 502") = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(fixture.hub.server.requests.filter { $0.path.hasSuffix("model.safetensors") }.count == 5)
    }

    @Test func serversThatFallSilentAreLeft() throws {
        fixture.hub.inject(into: "model.safetensors") { request, content in
            var response = response(request, content)
            response.silence = 4
            return response
        }
        let start = Date()
        let snapshot = try fixture.fetch { $0.stallTimeout = 1 }
        #expect(Date().timeIntervalSince(start) < 3.5)
        #expect(try fixture.holds(snapshot))
        #expect(fixture.weightRequests.count == 2)
    }

    @Test func nobodyListens() throws {
        let error = fixture.error {
            $0.endpoint = "http://127.0.0.1:1"
            $0.attemptCount = 2
        }
        guard case .unreachable(let url, 2, let reason) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(url == "http://127.0.0.1:1/api/models/owner/model/revision/main")
        #expect(reason.contains("127.0.0.1"))
    }

    /// One bad file ends the others soon, and what they have stays.
    @Test func oneErrorEndsAll() throws {
        fixture.hub.inject(into: "model.safetensors", count: 9) { request, content in
            var response = response(request, content)
            response.silence = 8
            return response
        }
        fixture.hub.inject { request in
            guard request.method == "GET", request.path.hasSuffix("vocab.txt") else { return nil }
            var response = FakeHub.Response(403)
            response.silence = 0.5
            return response
        }
        let start = Date()
        guard case .refused(_, 403, false, nil) = fixture.error() else {
            Issue.record("not refused")
            return
        }
        #expect(Date().timeIntervalSince(start) < 4)
        #expect(try fixture.names("blobs").contains(FakeHub.tag(Data("{}".utf8), isLarge: false)))
    }
}
