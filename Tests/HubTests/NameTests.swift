import Foundation
import TestSupport
import Testing

@testable import Hub

@Suite struct NameTests {
    @Test func repositories() throws {
        #expect(try RepositoryName("facebook/wav2vec2-base_960h.v1").folderName == "models--facebook--wav2vec2-base_960h.v1")
        #expect(try RepositoryName("gpt2").folderName == "models--gpt2")
        for text in [
            "", "/", "a/", "/a", "a/b/c", "a b/c", "-a/b", "a/b.", "a/..", "a/b--c", "a/b.git", "ä/b", "a/b~c",
            "https://huggingface.co/a/b", "a/" + String(repeating: "b", count: 97),
        ] {
            #expect(throws: HubError.invalidName(text)) { try RepositoryName(text) }
        }
    }

    @Test func revisions() throws {
        #expect(try !Revision("main").isCommit && Revision("refs/pr/1").description == "refs/pr/1")
        #expect(try Revision(String(repeating: "0f", count: 20)).isCommit)
        for text in ["", "..", "../x", "a/../b", "/a", "a/", "a\nb", String(repeating: "a", count: 201)] {
            #expect(throws: HubError.invalidRevision(text)) { try Revision(text) }
        }
    }

    @Test func percentEncoding() {
        #expect(PercentEncoding.encode("refs/pr/1") == "refs%2Fpr%2F1")
        #expect(PercentEncoding.encode("a b\u{E4}-_.~") == "a%20b%C3%A4-_.~")
    }

    /// FIPS 180-4's examples; of blobs, what `git hash-object` gives.
    @Test func digests() throws {
        func digest(_ checksum: Checksum, _ text: String) throws -> String {
            let digest = try Digest(checksum, byteCount: text.utf8.count)
            for byte in text.utf8 { try withUnsafeBytes(of: byte) { try digest.append($0) } }
            return try digest.finish()
        }
        #expect(
            try digest(.sha256(""), "abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
        #expect(
            try digest(.sha256(""), "") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
        #expect(try digest(.gitBlob(""), "") == "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391")
        #expect(try digest(.gitBlob(""), "hello\n") == "ce013625030ba8dba906f756967f9e9ca394464a")
        #expect(Checksum(tag: "mirror") == nil && Checksum(tag: String(repeating: "G", count: 64)) == nil)
    }

    @Test func headers() throws {
        var response = try #require(HTTPResponse(statusLine: "HTTP/2 206"))
        response.add(line: "Content-Range: bytes 5-9/10")
        response.add(line: "LOCATION:x")
        response.add(line: "")
        #expect(response.status == 206 && response["location"] == "x" && response.location == nil)
        #expect(try #require(response.contentRange) == (5, 10))
        #expect(HTTPResponse(statusLine: "X-HTTP/1.1 200 OK") == nil)
        for text in ["bytes */10", "bytes 5-9", "items 5-9/10", "bytes x-9/10"] {
            #expect(HTTPResponse(status: 206, fields: [("content-range", text)]).contentRange == nil)
        }
        #expect(try #require(HTTPResponse(status: 206, fields: [("content-range", "bytes 5-9/*")]).contentRange).total == nil)
    }
}
