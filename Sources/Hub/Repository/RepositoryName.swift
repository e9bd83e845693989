/// The name of a model repository: `OWNER/NAME`, or only `NAME` for the hub's oldest ones.
public struct RepositoryName: Hashable, Sendable, CustomStringConvertible {
    public let description: String

    /// - Throws: `HubError.invalidName`.
    public init(_ text: String) throws {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard (1...2).contains(parts.count), parts.allSatisfy(Self.isValid), !text.contains("--"),
            !text.contains(".."), !text.hasSuffix(".git")
        else { throw HubError.invalidName(text) }
        description = text
    }

    /// What its folder in the cache is called: `models--OWNER--NAME`.
    var folderName: String { "models--" + description.split(separator: "/").joined(separator: "--") }

    private static func isValid(_ part: Substring) -> Bool {
        let edges: Set<Character> = ["-", "."]
        guard (1...96).contains(part.count), let first = part.first, let last = part.last else {
            return false
        }
        return !edges.contains(first) && !edges.contains(last)
            && part.utf8.allSatisfy { PercentEncoding.isUnreserved($0) && $0 != UInt8(ascii: "~") }
    }
}
