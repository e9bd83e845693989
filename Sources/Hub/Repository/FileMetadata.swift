import Foundation
import Torch

/// What the server says of a file before it is fetched.
struct FileMetadata: Equatable, Sendable {
    /// The name of the blob in the cache: the ETag without its quotes.
    let tag: String
    /// In bytes; nil if the server does not say.
    let size: Int?
    /// nil if the tag is none.
    let checksum: Checksum?
    /// The ETag as a condition of a resumed request; nil if the file's bytes come from elsewhere,
    /// where it has another one.
    let validator: String?

    /// Reads the answer to HEAD: `X-Linked-Etag` and `X-Linked-Size` of a large file, which another
    /// server keeps, else `ETag` and `Content-Length`.
    ///
    /// - Throws: `HubError.invalidAnswer`.
    init(_ response: HTTPResponse, url: String) throws {
        let linked = response["x-linked-etag"]
        guard let field = linked ?? response["etag"] else {
            throw HubError.invalidAnswer(url: url, expected: "an ETag", found: "none")
        }
        let isWeak = field.hasPrefix("W/")
        tag = (isWeak ? field.dropFirst(2) : field[...]).trimmingCharacters(in: ["\""])
        guard Self.isFileName(tag) else {
            throw HubError.invalidAnswer(
                url: url, expected: "an ETag that can name a file", found: JSONValue.quoted(field))
        }
        checksum = Checksum(tag: tag)
        validator = linked == nil && !isWeak ? field : nil
        if let text = response["x-linked-size"] {
            guard let size = Int(text), size >= 0 else {
                throw HubError.invalidAnswer(
                    url: url, expected: "a size in X-Linked-Size", found: JSONValue.quoted(text))
            }
            self.size = size
        } else {
            size = response.location == nil ? response.contentLength : nil
        }
        guard checksum != nil || size != nil else {
            throw HubError.invalidAnswer(
                url: url, expected: "a checksum or a size of the file", found: "neither")
        }
    }

    private static func isFileName(_ tag: String) -> Bool {
        (1...200).contains(tag.utf8.count) && !tag.hasPrefix(".")
            && tag.utf8.allSatisfy { PercentEncoding.isUnreserved($0) || "+=:@".utf8.contains($0) }
    }
}
