import Foundation
import Torch

/// What the cache alone knows of a repository.
struct CachedSnapshot {
    private let cache: RepositoryCache
    private let root: URL
    private let repository: RepositoryName
    private let revision: Revision

    init(_ root: URL, _ repository: RepositoryName, _ revision: Revision) {
        cache = RepositoryCache(root, repository)
        self.root = root
        self.repository = repository
        self.revision = revision
    }

    /// The snapshot, if a model can be read from it.
    ///
    /// - Throws: `HubError.notCached` with what is missing.
    func open() throws -> Snapshot {
        guard let commit = cache.commit(of: revision) else { throw notCached([]) }
        let folder = cache.snapshot(commit)
        func byteCount(_ name: String) -> Int? {
            RepositoryCache.byteCount(of: folder.appendingPathComponent(name))
        }
        guard let contents = try? FileManager.default.contentsOfDirectory(atPath: folder.path) else {
            throw notCached([])
        }
        let needed: NeededFiles
        do {
            needed = try NeededFiles(among: contents.filter { byteCount($0) != nil }, repository: repository)
        } catch HubError.noModel(_, let expected) {
            throw notCached([expected])
        }
        var names = needed.names
        if needed.isSharded {
            names += try NeededFiles.shards(
                in: folder.appendingPathComponent(NeededFiles.index), repository: repository)
        }
        let missing = names.filter { byteCount($0) == nil }
        guard missing.isEmpty else { throw notCached(missing) }
        return Snapshot(
            repository: repository, revision: revision, commit: commit, folder: folder,
            files: names.sorted().map {
                Snapshot.File(name: $0, byteCount: byteCount($0) ?? 0, isNew: false, checksum: nil)
            })
    }

    private func notCached(_ missing: [String]) -> HubError {
        .notCached(
            repository.description, revision: revision.description, folder: root.path, missing: missing)
    }
}
