import Foundation

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// A regular file that is open for reading, closed when the last reference to this object goes.
public final class RegularFile: Sendable {
    /// The path, as it was given.
    public let path: String
    /// The system's number for the open file, valid for as long as this object lives.
    public let descriptor: Int32
    /// Bytes in the file when it was opened.
    public let byteCount: Int

    /// Opens a file.
    ///
    /// - Throws: ``FileError`` if it is missing, not a regular file, or may not be read.
    public init(_ url: URL) throws {
        path = url.relativePath
        // Without O_NONBLOCK, opening a named pipe would wait for its other end.
        descriptor = open(url.path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw FileError(operation: "read", path: path, code: errno) }
        var status = stat()
        let code = fstat(descriptor, &status) == 0 ? 0 : errno
        guard code == 0, status.st_mode & S_IFMT == S_IFREG else {
            close(descriptor)  // deinit does not run for an object that is not whole yet
            if code != 0 { throw FileError(operation: "read", path: path, code: code) }
            let found = status.st_mode & S_IFMT == S_IFDIR ? "a folder" : "a device or pipe"
            throw FileError.notRegular(operation: "read", path: path, found: found)
        }
        byteCount = Int(status.st_size)
    }

    deinit {
        close(descriptor)
    }

    /// The bytes of a range, fewer where the file ends before it.
    ///
    /// - Throws: ``FileError`` for a failure of the disk.
    public func read(_ range: Range<Int>) throws -> Data {
        guard let memory = malloc(max(range.count, 1)) else {
            throw FileError(operation: "read", path: path, code: ENOMEM)
        }
        var count = 0
        while count < range.count {
            let got = pread(
                descriptor, memory + count, range.count - count, off_t(range.lowerBound + count))
            if got < 0 {
                let code = errno
                if code == EINTR { continue }
                free(memory)
                throw FileError(operation: "read", path: path, code: code)
            }
            if got == 0 { break }
            count += got
        }
        return Data(bytesNoCopy: memory, count: count, deallocator: .free)
    }

    /// All bytes of the file.
    ///
    /// - Throws: ``FileError`` for a failure of the disk.
    public func contents() throws -> Data {
        try read(0..<byteCount)
    }
}
