import Foundation
import Torch

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// `write(2)`, by a name that no method hides.
private func systemWrite(_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer) -> Int {
    write(descriptor, bytes.baseAddress, bytes.count)
}

/// A blob on its way: what has arrived so far stays for the next attempt, of this process or a later one.
final class PartialFile {
    /// The bytes that have arrived.
    private(set) var byteCount: Int

    private let path: String
    private let descriptor: Int32

    /// Opens what an earlier attempt has left, or an empty file.
    ///
    /// - Throws: `FileError`.
    init(_ url: URL) throws {
        path = url.path
        descriptor = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0o666)
        guard descriptor >= 0 else { throw FileError(operation: "write", path: path, code: errno) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else {
            let code = errno
            close(descriptor)
            throw FileError(operation: "write", path: path, code: code)
        }
        byteCount = Int(status.st_size)
    }

    deinit { close(descriptor) }

    /// - Throws: `FileError`, such as `diskFull`; what was there stays.
    func append(_ bytes: UnsafeRawBufferPointer) throws {
        var rest = bytes[...]
        while !rest.isEmpty {
            let written = systemWrite(descriptor, UnsafeRawBufferPointer(rebasing: rest))
            if written < 0 {
                if errno == EINTR { continue }
                throw failure("write")
            }
            rest = rest.dropFirst(written)
            byteCount += written
        }
    }

    /// Starts from nothing.
    func clear() throws {
        guard ftruncate(descriptor, 0) == 0 else { throw failure("write") }
        byteCount = 0
    }

    /// The checksum, of the kind of `checksum`, of what lies on the disk.
    ///
    /// - Throws: `FileError`, `HubError.noLibrary`.
    func digest(like checksum: Checksum) throws -> String {
        let digest = try Digest(checksum, byteCount: byteCount)
        let piece = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 64)
        defer { piece.deallocate() }
        var offset = 0
        while offset < byteCount {
            let count = pread(descriptor, piece.baseAddress, piece.count, off_t(offset))
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw failure("read") }
            try digest.append(UnsafeRawBufferPointer(rebasing: piece[..<count]))
            offset += count
        }
        return try digest.finish()
    }

    /// Brings the content to the disk and gives it its name.
    ///
    /// - Throws: `FileError`.
    func commit(to url: URL) throws {
        guard fsync(descriptor) == 0, rename(path, url.path) == 0 else { throw failure("write") }
    }

    /// Removes the file.
    func remove() {
        unlink(path)
    }

    private func failure(_ operation: String) -> FileError {
        FileError(operation: operation, path: path, code: errno)
    }
}
