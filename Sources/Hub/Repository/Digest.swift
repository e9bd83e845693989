import CHub

/// A message digest, computed piece by piece.
final class Digest {
    private let digest: OpaquePointer

    /// - Parameter name: `sha1` or `sha256`.
    /// - Throws: `HubError.noLibrary`.
    init(_ name: String) throws {
        var message = [CChar](repeating: 0, count: 256)
        guard let digest = hub_digest_create(name, &message, message.count) else {
            throw HubError.noLibrary("libcrypto", reason: String(message))
        }
        self.digest = digest
    }

    /// The digest that a checksum of `byteCount` bytes of contents starts from.
    convenience init(_ checksum: Checksum, byteCount: Int) throws {
        switch checksum {
        case .sha256: try self.init("sha256")
        case .gitBlob:
            try self.init("sha1")
            try Array("blob \(byteCount)\0".utf8).withUnsafeBytes { try append($0) }
        }
    }

    deinit { hub_digest_free(digest) }

    /// - Throws: `HubError.noLibrary` if the library fails.
    func append(_ bytes: UnsafeRawBufferPointer) throws {
        guard hub_digest_append(digest, bytes.baseAddress, bytes.count) else { throw Self.failure }
    }

    /// The digest in hexadecimal digits; nothing can be appended after it.
    func finish() throws -> String {
        var result = [UInt8](repeating: 0, count: 64)
        let count = hub_digest_finish(digest, &result)
        guard count > 0 else { throw Self.failure }
        return result.prefix(count).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }

    private static var failure: HubError { .noLibrary("libcrypto", reason: "it failed") }
}
