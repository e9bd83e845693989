import Foundation

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// A file's content as memory, read from the disk page by page as it is touched.
///
/// The memory may be written to: a written page becomes the process's own, and the file never
/// changes. So tensors over it can be trained in place. It is unmapped when the last reference to
/// this object goes.
///
/// The file must not be cut short by others while it is mapped: the system ends a process that
/// touches a page behind the end (`SIGBUS`). Replacing it by a rename, as ``AtomicFile`` does, is
/// safe.
public final class MappedFile: Sendable {
    /// The path, as it was given.
    public let path: String

    /// The content, valid for as long as this object lives: whoever keeps an address keeps the
    /// object too, or holds it with `withExtendedLifetime`. It starts at a page; for an empty file
    /// it has no address.
    ///
    /// Reading from several threads is safe; whoever writes keeps others away from those bytes.
    public nonisolated(unsafe) let bytes: UnsafeMutableRawBufferPointer

    /// Maps a file.
    ///
    /// - Throws: `FileError` if it is missing, not a regular file, or cannot be mapped.
    public init(_ url: URL) throws {
        let file = try RegularFile(url)
        path = file.path
        guard file.byteCount > 0 else {
            bytes = UnsafeMutableRawBufferPointer(start: nil, count: 0)
            return
        }
        let count = file.byteCount
        let address = withExtendedLifetime(file) {
            mmap(nil, count, PROT_READ | PROT_WRITE, MAP_PRIVATE, file.descriptor, 0)
        }
        guard let address, address != MAP_FAILED else {
            throw FileError(operation: "map", path: path, code: errno)
        }
        bytes = UnsafeMutableRawBufferPointer(start: address, count: count)
    }

    /// Gives the memory of bytes that nobody has changed back to the system; they are read anew from the
    /// file when they are touched. Changed bytes would be lost. Pages that reach beyond the range stay.
    func forget(_ range: Range<Int>) {
        let page = Int(sysconf(Int32(_SC_PAGESIZE)))
        let start = (range.lowerBound + page - 1) / page * page
        let end = range.upperBound / page * page
        guard page > 0, start < end, end <= bytes.count, let address = bytes.baseAddress else { return }
        _ = madvise(address + start, end - start, Int32(MADV_DONTNEED))
    }

    deinit {
        if let address = bytes.baseAddress {
            munmap(address, bytes.count)
        }
    }
}
