import Foundation
import Torch

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

extension RegularFile {
    /// The bytes of a range that the file must have.
    ///
    /// - Throws: ``DatasetError/reason(_:)`` where it ends before, `FileError`.
    func whole(_ range: Range<Int>) throws -> Data {
        let bytes = try read(range)
        guard bytes.count == range.count else {
            throw DatasetError.reason("ends at byte \(range.lowerBound + bytes.count) of \(range.upperBound)")
        }
        return bytes
    }

    /// Tells the system that the file is read from its start to its end.
    func willBeReadInOrder() {
        posix_fadvise(descriptor, 0, 0, POSIX_FADV_SEQUENTIAL)
    }

    /// Bytes of a file that is not opened.
    ///
    /// - Throws: `FileError`.
    static func byteCount(_ path: String) throws -> Int {
        var status = stat()
        guard stat(path, &status) == 0 else {
            throw FileError(operation: "read", path: path, code: errno)
        }
        return Int(status.st_size)
    }
}
