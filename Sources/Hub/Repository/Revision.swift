/// A branch, a tag, a pull request (`refs/pr/1`) or a commit.
public struct Revision: Hashable, Sendable, CustomStringConvertible {
    public let description: String

    public static let main = Revision(unchecked: "main")

    private init(unchecked text: String) { description = text }

    /// It also becomes a path under `refs`, so it must not lead out of there.
    ///
    /// - Throws: `HubError.invalidRevision`.
    public init(_ text: String) throws {
        guard PlainPath.isPlain(text), text.utf8.count <= 200 else { throw HubError.invalidRevision(text) }
        description = text
    }

    /// Whether this is a whole commit hash, of 40 hexadecimal digits.
    var isCommit: Bool { Self.isCommit(description) }

    static func isCommit(_ text: String) -> Bool { Checksum.isHexadecimal(text, count: 40) }
}
