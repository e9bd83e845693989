/// What a file's contents must hash to. Hugging Face's hub names files by it.
enum Checksum: Equatable, Sendable {
    /// Of large files: SHA-256 of the contents, as git-lfs takes it.
    case sha256(String)
    /// Of small files: SHA-1 of `blob <byte count>\0` and the contents, as git takes it.
    case gitBlob(String)

    /// The kind that an ETag has by its length; nil for an ETag that is no checksum.
    init?(tag: String) {
        if Self.isHexadecimal(tag, count: 64) {
            self = .sha256(tag)
        } else if Self.isHexadecimal(tag, count: 40) {
            self = .gitBlob(tag)
        } else {
            return nil
        }
    }

    /// The name of the kind.
    var kind: String {
        switch self {
        case .sha256: "sha256"
        case .gitBlob: "git-sha1"
        }
    }

    var hexadecimal: String {
        switch self {
        case .sha256(let text), .gitBlob(let text): text
        }
    }

    /// Digits in lower case, as all hash tools write them.
    static func isHexadecimal(_ text: String, count: Int) -> Bool {
        text.utf8.count == count
            && text.utf8.allSatisfy {
                (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0)
                    || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains($0)
            }
    }
}
