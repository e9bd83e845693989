import Foundation
import Torch

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// Keeps other processes from the same work, those of Hugging Face's own library included, which
/// takes the same lock on the same file. The system lets go of it when a process ends.
final class FileLock {
    private let descriptor: Int32

    /// Waits for the lock. Where the file system has no locks it goes on without: contents are checked
    /// before they get their name.
    ///
    /// - Parameter onWait: called once if another process holds it.
    /// - Throws: `FileError`, `TransferError.cancelled`.
    init(_ url: URL, _ cancellation: Cancellation, onWait: () -> Void) throws {
        // Writable by the group, for caches that several users share.
        descriptor = open(url.path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o664)
        guard descriptor >= 0 else { throw FileError(operation: "lock", path: url.path, code: errno) }
        var hasWaited = false
        while flock(descriptor, LOCK_EX | LOCK_NB) != 0, errno == EWOULDBLOCK || errno == EINTR {
            if !hasWaited { onWait() }
            hasWaited = true
            usleep(50_000)
            if cancellation.isCancelled {
                close(descriptor)
                throw TransferError.cancelled
            }
        }
    }

    deinit { close(descriptor) }
}
