import Foundation
import Torch

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// A file that is read in pieces, from several threads if need be.
final class OpenFile: Sendable {
    let path: String
    let byteCount: Int
    private let descriptor: Int32

    /// - Throws: `FileError` if it is missing or not a regular file.
    init(_ url: URL) throws {
        path = url.relativePath
        // Without O_NONBLOCK, opening a named pipe would wait for its other end.
        descriptor = open(url.path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw FileError(operation: "read", path: path, code: errno) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else {
            let code = errno
            close(descriptor)
            throw FileError(operation: "read", path: path, code: code)
        }
        guard status.st_mode & S_IFMT == S_IFREG else {
            close(descriptor)
            throw FileError.notRegular(
                operation: "read", path: path,
                found: status.st_mode & S_IFMT == S_IFDIR ? "a folder" : "a device or pipe")
        }
        byteCount = Int(status.st_size)
    }

    deinit { close(descriptor) }

    /// Fills `buffer` from an offset on as far as the file goes.
    ///
    /// - Returns: the number of bytes.
    func read(at offset: Int, into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        var count = 0
        while count < buffer.count {
            let piece = min(buffer.count - count, 1 << 30)
            let got = pread(descriptor, buffer.baseAddress.map { $0 + count }, piece, off_t(offset + count))
            if got < 0 {
                if errno == EINTR { continue }
                throw FileError(operation: "read", path: path, code: errno)
            }
            if got == 0 { break }
            count += got
        }
        return count
    }

    /// The bytes of a range.
    ///
    /// - Throws: ``DatasetError/reason(_:)`` when the file ends before, `FileError`.
    func bytes(_ range: Range<Int>) throws -> [UInt8] {
        let bytes = try [UInt8](unsafeUninitializedCapacity: range.count) { buffer, count in
            count = try read(at: range.lowerBound, into: UnsafeMutableRawBufferPointer(buffer))
        }
        guard bytes.count == range.count else {
            throw DatasetError.reason("ends at byte \(range.lowerBound + bytes.count) of \(range.upperBound)")
        }
        return bytes
    }

    /// All bytes of a file.
    static func contents(_ url: URL) throws -> [UInt8] {
        let file = try OpenFile(url)
        return try file.bytes(0..<file.byteCount)
    }

    /// Bytes of a file that is not opened.
    static func byteCount(_ path: String) throws -> Int {
        var status = stat()
        guard stat(path, &status) == 0 else {
            throw FileError(operation: "read", path: path, code: errno)
        }
        return Int(status.st_size)
    }

    /// Tells the system that the file is read from its start to its end.
    func willBeReadInOrder() {
        posix_fadvise(descriptor, 0, 0, POSIX_FADV_SEQUENTIAL)
    }
}
