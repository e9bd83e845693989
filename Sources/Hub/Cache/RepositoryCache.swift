import Foundation
import Torch

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// A repository's folder in the cache that all of Hugging Face's programs share:
///
/// ```
/// models--OWNER--NAME/blobs/<ETag>                 contents
///                     refs/main                    commit of a branch or tag
///                     snapshots/<commit>/<file>    links to the contents
/// .locks/models--OWNER--NAME/<ETag>.lock
/// ```
struct RepositoryCache: Sendable {
    let folder: URL
    private let root: URL
    private let locks: URL

    init(_ root: URL, _ repository: RepositoryName) {
        self.root = root
        folder = root.appendingPathComponent(repository.folderName)
        locks = root.appendingPathComponent(".locks").appendingPathComponent(repository.folderName)
    }

    func snapshot(_ commit: String) -> URL {
        folder.appendingPathComponent("snapshots").appendingPathComponent(commit)
    }

    private var blobs: URL { folder.appendingPathComponent("blobs") }

    func blob(_ tag: String) -> URL { blobs.appendingPathComponent(tag) }

    /// Where a blob is kept until it is whole.
    func partial(_ tag: String) -> URL { blob(tag + ".incomplete") }

    func lock(_ tag: String) -> URL { locks.appendingPathComponent(tag + ".lock") }

    /// Makes the folders, and tells backup programs that this is a cache (the Cache Directory
    /// Tagging Specification of B. Ford).
    ///
    /// - Throws: `FileError`, `CocoaError`.
    func prepare(_ commit: String) throws {
        for url in [blobs, snapshot(commit), locks] {
            try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
        }
        let label = root.appendingPathComponent("CACHEDIR.TAG")
        guard !FileManager.default.fileExists(atPath: label.path) else { return }
        let text = "Signature: 8a477f597d28d172789f06886806bc55\n# Models fetched from a Hugging Face hub.\n"
        try AtomicFile.write(Array(text.utf8), to: label)
    }

    /// Whether there is a regular file, through links, of this size; a size of nil fits all.
    static func holds(_ url: URL, size: Int?) -> Bool {
        guard let found = byteCount(of: url) else { return false }
        return size.map { $0 == found } ?? true
    }

    /// The size of a regular file, through links; nil if there is none.
    static func byteCount(of url: URL) -> Int? {
        var status = stat()
        guard stat(url.path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
        return Int(status.st_size)
    }

    /// Puts a blob under its name into a snapshot: a relative link, which appears at once.
    ///
    /// - Throws: `FileError`.
    func link(_ name: String, in commit: String, to tag: String) throws {
        let place = snapshot(commit).appendingPathComponent(name)
        let depth = 2 + name.utf8.count { $0 == UInt8(ascii: "/") }
        let target = String(repeating: "../", count: depth) + "blobs/" + tag
        if (try? FileManager.default.destinationOfSymbolicLink(atPath: place.path)) == target { return }
        let temporary = place.path + ".tmp-\(getpid())-" + String(UInt64.random(in: 0 ... .max), radix: 16)
        guard symlink(target, temporary) == 0 else {
            throw FileError(operation: "link", path: place.path, code: errno)
        }
        guard rename(temporary, place.path) == 0 else {
            let code = errno
            unlink(temporary)
            throw FileError(operation: "link", path: place.path, code: code)
        }
    }

    /// The commit of a branch or tag when it was last fetched; nil if it never was.
    func commit(of revision: Revision) -> String? {
        if revision.isCommit { return revision.description }
        let text = try? String(contentsOf: reference(revision), encoding: .utf8)
        let commit = text?.trimmingCharacters(in: .whitespacesAndNewlines)
        return commit.flatMap { Revision.isCommit($0) ? $0 : nil }
    }

    /// Notes the commit of a branch or tag.
    ///
    /// - Throws: `FileError`, `CocoaError`.
    func setCommit(of revision: Revision, to commit: String) throws {
        guard self.commit(of: revision) != commit else { return }
        let file = reference(revision)
        try FileManager.default.createDirectory(
            at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try AtomicFile.write(Array(commit.utf8), to: file)
    }

    private func reference(_ revision: Revision) -> URL {
        folder.appendingPathComponent("refs").appendingPathComponent(revision.description)
    }

    /// Bytes that the disk has free for this user; nil if it does not say.
    func freeByteCount() -> Int? {
        var status = statvfs()
        guard statvfs(folder.path, &status) == 0 else { return nil }
        return Int(
            clamping: UInt64(status.f_bavail).multipliedReportingOverflow(by: UInt64(status.f_frsize))
                .partialValue)
    }
}
