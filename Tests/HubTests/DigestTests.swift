import Testing

@testable import Hub

@Suite struct DigestTests {
    /// FIPS 180-4's examples; of blobs, what `git hash-object` gives.
    @Test func digests() throws {
        func digest(_ checksum: Checksum, _ text: String) throws -> String {
            let digest = try Digest(checksum, byteCount: text.utf8.count)
            for byte in text.utf8 { try withUnsafeBytes(of: byte) { try digest.append($0) } }
            return try digest.finish()
        }
        #expect(
            try digest(.sha256(""), "abc")
                == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
        #expect(
            try digest(.sha256(""), "") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
        #expect(try digest(.gitBlob(""), "") == "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391")
        #expect(try digest(.gitBlob(""), "hello\n") == "ce013625030ba8dba906f756967f9e9ca394464a")
        #expect(Checksum(tag: "mirror") == nil && Checksum(tag: String(repeating: "G", count: 64)) == nil)
    }
}
