import Foundation
import Synchronization
import Torch

/// The fetching of files of one repository at one commit, by several workers.
struct FetchWork: Sendable {
    let settings: HubSettings
    let repository: RepositoryName
    let listing: Listing
    let progress: ProgressCounter

    var cache: RepositoryCache { RepositoryCache(settings.cacheFolder, repository) }

    /// A file that is not in the snapshot.
    private struct MissingFile {
        let name: String
        let metadata: FileMetadata
    }

    /// Makes sure that files are in the snapshot.
    ///
    /// - Throws: the first error of any of them.
    func obtain(_ names: [String]) throws -> [Snapshot.File] {
        let folder = cache.snapshot(listing.commit)
        let missing = names.filter {
            !RepositoryCache.holds(folder.appendingPathComponent($0), size: listing.size(of: $0))
        }
        var checksums: [String: String?] = [:]  // of those that were fetched
        if !missing.isEmpty {
            try cache.prepare(listing.commit)
            let files = try inParallel(missing) { session, name, _ in
                MissingFile(name: name, metadata: try session.metadata(of: name, at: listing.commit))
            }
            try checkRoom(files)
            for file in files { progress.expect(file.metadata.size ?? 0) }
            let wereFetched = try inParallel(files) { session, file, cancellation in
                try FileDownload(
                    name: file.name, commit: listing.commit, metadata: file.metadata, cache: cache,
                    session: session, cancellation: cancellation, progress: progress
                ).run()
            }
            for (file, wasFetched) in zip(files, wereFetched) where wasFetched {
                checksums[file.name] = .some(file.metadata.checksum?.kind)
            }
        }
        return names.map { name in
            Snapshot.File(
                name: name,
                byteCount: RepositoryCache.byteCount(of: folder.appendingPathComponent(name)) ?? 0,
                isNew: checksums[name] != nil, checksum: checksums[name] ?? nil)
        }
    }

    /// - Throws: `HubError.noRoom` if what is still to come is more than the disk has free.
    private func checkRoom(_ files: [MissingFile]) throws {
        let needed = Set(files.map(\.metadata.tag)).reduce(0) { sum, tag in
            let size = files.first { $0.metadata.tag == tag }?.metadata.size ?? 0
            if RepositoryCache.holds(cache.blob(tag), size: size) { return sum }
            let (more, overflow) = sum.addingReportingOverflow(
                max(0, size - (RepositoryCache.byteCount(of: cache.partial(tag)) ?? 0)))
            return overflow ? Int.max : more
        }
        if let free = cache.freeByteCount(), needed > free {
            throw HubError.noRoom(folder: cache.folder.path, needed: needed, free: free)
        }
    }

    /// Does something with each item, several at a time, each worker with connections of its own. The
    /// first error ends all of them.
    private func inParallel<Item: Sendable, Result: Sendable>(
        _ items: [Item], _ body: @escaping @Sendable (HubSession, Item, Cancellation) throws -> Result
    ) throws -> [Result] {
        let cancellation = Cancellation()
        let state = Mutex((next: 0, results: [Int: Result](), error: (any Error)?.none))
        @Sendable func work() {
            do {
                let session = try HubSession(settings, repository, cancellation)
                while true {
                    let index = state.withLock { state in
                        defer { state.next += 1 }
                        return state.next
                    }
                    guard index < items.count, !cancellation.isCancelled else { return }
                    let result = try body(session, items[index], cancellation)
                    state.withLock { $0.results[index] = result }
                }
            } catch {
                // Those that end because of the first error come after it.
                state.withLock { if $0.error == nil { $0.error = error } }
                cancellation.cancel()
            }
        }
        let workers = DispatchGroup()
        let queue = DispatchQueue(label: "acm.fetch", attributes: .concurrent)
        for _ in 0..<min(items.count, settings.connectionCount) {
            queue.async(group: workers, execute: work)
        }
        workers.wait()
        return try state.withLock { state in
            if let error = state.error { throw error }
            return items.indices.compactMap { state.results[$0] }
        }
    }
}
