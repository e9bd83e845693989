import Torch

/// Brings one file into the cache.
struct FileDownload {
    let name: String
    let commit: String
    let metadata: FileMetadata
    let cache: RepositoryCache
    let session: HubSession
    let cancellation: Cancellation
    let progress: ProgressCounter

    /// A break counts as the first one again after this many new bytes.
    private static let progressByteCount = 1 << 20

    /// Fetches the blob unless it is there, and links it into the snapshot.
    ///
    /// The blob gets its name only after its size and checksum have been compared with what the
    /// server announced. If they differ it is fetched once more from the start.
    ///
    /// - Returns: whether it was fetched.
    /// - Throws: `HubError`, `FileError`; what has arrived stays for the next time.
    func run() throws -> Bool {
        let lock = try FileLock(cache.lock(metadata.tag), cancellation) { progress.wait(for: name) }
        defer { withExtendedLifetime(lock) {} }
        let isThere = RepositoryCache.holds(cache.blob(metadata.tag), size: metadata.size)
        if isThere {
            // Of another file or commit, or another process has fetched it meanwhile.
            progress.add(metadata.size ?? 0)
        } else {
            do {
                try fetch()
            } catch HubError.wrongContents {
                try fetch()
            }
        }
        try cache.link(name, in: commit, to: metadata.tag)
        return !isThere
    }

    private func fetch() throws {
        let partial = try PartialFile(cache.partial(metadata.tag))
        progress.add(partial.byteCount)
        do {
            try fill(partial)
            try verify(partial)
            try partial.commit(to: cache.blob(metadata.tag))
        } catch let error as HubError {
            if case .wrongContents = error {
                progress.add(-partial.byteCount)
                partial.remove()
            }
            throw error
        }
    }

    private func fill(_ partial: PartialFile) throws {
        if let size = metadata.size, partial.byteCount > size { try clear(partial) }
        var start = partial.byteCount
        func hasProgressed() -> Bool { partial.byteCount - start >= Self.progressByteCount }
        try session.retrying(session.address(of: name, at: commit), hasProgressed: hasProgressed) {
            start = partial.byteCount
            if start == metadata.size { return }
            var hasBegun = false
            let response = try session.content(
                of: name, at: commit, from: start, validator: metadata.validator
            ) { response, bytes in
                if !hasBegun { try begin(response, partial) }
                hasBegun = true
                try append(bytes, to: partial)
            }
            if !hasBegun { try begin(response, partial) }
        }
    }

    /// Looks at an answer's head before any of its content is taken.
    private func begin(_ response: HTTPResponse, _ partial: PartialFile) throws {
        let offset = partial.byteCount
        switch response.status {
        case 206:
            let range = response.contentRange
            let isWhole = metadata.size == nil || range?.total == nil || range?.total == metadata.size
            guard let range, range.first == offset, isWhole else {
                try clear(partial)
                throw TransferError.connection(
                    reason: "the server sends other bytes than those asked for", isTransient: true)
            }
        case 416:
            try clear(partial)
            throw TransferError.connection(
                reason: "the server does not have the bytes asked for", isTransient: true)
        default:
            // The whole file: the server knows no ranges, or the file is not that of the bytes before.
            try clear(partial)
            if let size = metadata.size, let length = response.contentLength, length != size {
                throw wrongSize(length)
            }
        }
    }

    private func append(_ bytes: UnsafeRawBufferPointer, to partial: PartialFile) throws {
        if let size = metadata.size, partial.byteCount + bytes.count > size {
            throw wrongSize(partial.byteCount + bytes.count)
        }
        try partial.append(bytes)
        progress.add(bytes.count)
    }

    private func clear(_ partial: PartialFile) throws {
        progress.add(-partial.byteCount)
        try partial.clear()
    }

    private func verify(_ partial: PartialFile) throws {
        if let size = metadata.size, partial.byteCount != size { throw wrongSize(partial.byteCount) }
        guard let checksum = metadata.checksum else { return }
        let found = try partial.digest(like: checksum)
        guard found == checksum.hexadecimal else {
            throw HubError.wrongContents(
                name, expected: "\(checksum.kind) \(checksum.hexadecimal)", found: found)
        }
    }

    private func wrongSize(_ found: Int) -> HubError {
        .wrongContents(name, expected: "\(metadata.size ?? 0) bytes", found: "\(found)")
    }
}
