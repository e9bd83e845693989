import Foundation
import Torch

/// Brings what a model is read from out of a Hugging Face repository into the cache that all of
/// Hugging Face's programs share.
///
/// ```swift
/// let fetcher = Fetcher(try HubSettings())
/// let snapshot = try fetcher.fetch(RepositoryName("facebook/wav2vec2-base-960h"))
/// let model = try AdaptiveModel.load(snapshot.folder, type: nil)
/// ```
///
/// Nothing else in this package touches the network.
public struct Fetcher: Sendable {
    private let settings: HubSettings
    private let report: @Sendable (FetchProgress) -> Void

    /// - Parameters:
    ///   - settings: server, token and cache.
    ///   - report: called from several threads, one at a time, for every few kilobytes.
    public init(_ settings: HubSettings, report: @escaping @Sendable (FetchProgress) -> Void = { _ in }) {
        self.settings = settings
        self.report = report
    }

    /// Fetches what is not yet in the cache. The branch or tag is noted in the cache only after all
    /// of its files are there.
    ///
    /// - Returns: the snapshot with all files that were asked for.
    /// - Throws: `HubError`; `FileError` or `CocoaError` if the cache cannot be used; `JSONError` if the
    ///   server's listing or an index is malformed. What has arrived stays for the next time.
    public func fetch(_ repository: RepositoryName, revision: Revision = .main) throws -> Snapshot {
        if settings.isOffline {
            return try CachedSnapshot(settings.cacheFolder, repository, revision).open()
        }
        let session = try HubSession(settings, repository, Cancellation())
        let listing = try session.listing(revision)
        let needed = try NeededFiles(among: listing.sizes.keys, repository: repository)
        let work = FetchWork(
            settings: settings, repository: repository, listing: listing, progress: ProgressCounter(report))
        var files: [Snapshot.File]
        if needed.isSharded {
            files = try work.obtain([NeededFiles.index])
            let index = work.cache.snapshot(listing.commit).appendingPathComponent(NeededFiles.index)
            let shards = try NeededFiles.shards(in: index, repository: repository)
            for shard in shards where !listing.contains(shard) {
                throw HubError.noModel(
                    repository.description, expected: "\(shard), which \(NeededFiles.index) names")
            }
            files += try work.obtain(needed.names.dropLast() + shards)
        } else {
            files = try work.obtain(needed.names)
        }
        do {
            try work.cache.setCommit(of: revision, to: listing.commit)
        } catch  where files.allSatisfy({ !$0.isNew }) {
            // A cache that may only be read, and has all that is needed: nothing had to be written.
        }
        return Snapshot(
            repository: repository, revision: revision, commit: listing.commit,
            folder: work.cache.snapshot(listing.commit), files: files.sorted { $0.name < $1.name })
    }
}
