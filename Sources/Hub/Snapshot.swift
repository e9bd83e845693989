import Foundation
import Torch

/// A folder with a repository's files at one commit.
public struct Snapshot: Equatable, Sendable {
    /// One of the files.
    public struct File: Equatable, Sendable {
        /// The name in the repository and in the folder.
        public let name: String
        public let byteCount: Int
        /// Whether it was fetched now; else it was in the cache.
        public let isNew: Bool
        /// What its contents were compared with before they were taken: `sha256` or `git-sha1`; nil
        /// where the server gave only a size, and for files that were in the cache.
        public let checksum: String?
    }

    public let repository: RepositoryName
    public let revision: Revision
    /// 40 hexadecimal digits.
    public let commit: String
    public let folder: URL
    /// What was asked for, in the order of names.
    public let files: [File]

    /// A stable description: `format`, `repository`, `revision`, `commit`, `path`, and `files` with
    /// `name`, `bytes`, `fetched` and `checksum` of each.
    public var json: JSONValue {
        [
            "format": 1, "repository": .string(repository.description),
            "revision": .string(revision.description), "commit": .string(commit),
            "path": .string(folder.path),
            "files": .array(
                files.map {
                    [
                        "name": .string($0.name), "bytes": .integer($0.byteCount), "fetched": .bool($0.isNew),
                        "checksum": $0.checksum.map { .string($0) } ?? .null,
                    ]
                }),
        ]
    }
}
