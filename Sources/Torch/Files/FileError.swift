import Foundation

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// A file that could not be read or written. `operation` is the verb of the message: "read".
public enum FileError: Error, Equatable, Sendable {
    /// There is no such file.
    case notFound(operation: String, path: String)
    /// The folder that should take a file does not exist.
    case noFolder(path: String, folder: String)
    /// The user may not, or the file system is read-only.
    case notPermitted(operation: String, path: String, code: Int32)
    /// The disk, or the user's share of it, is full.
    case diskFull(operation: String, path: String, code: Int32)
    /// There is something else than a regular file, such as a folder.
    case notRegular(operation: String, path: String, found: String)
    /// Any other failure, with the system's error number.
    case system(operation: String, path: String, code: Int32)

    /// The error for a system call's `errno`.
    public init(operation: String, path: String, code: Int32) {
        switch code {
        case ENOENT: self = .notFound(operation: operation, path: path)
        case EACCES, EPERM, EROFS:
            self = .notPermitted(operation: operation, path: path, code: code)
        case ENOSPC, EDQUOT: self = .diskFull(operation: operation, path: path, code: code)
        case EISDIR: self = .notRegular(operation: operation, path: path, found: "a folder")
        default: self = .system(operation: operation, path: path, code: code)
        }
    }
}

extension FileError {
    /// What one of Foundation's functions threw; nil where it does not say path and reason.
    public init?(_ error: CocoaError) {
        guard let path = error.filePath, let reason = error.underlying as? POSIXError else { return nil }
        self.init(operation: "use", path: path, code: reason.code.rawValue)
    }
}

extension FileError: LocalizedError, CustomStringConvertible {
    public var description: String {
        switch self {
        case .notFound(let operation, let path):
            "cannot \(operation) \(path): \(Self.text(ENOENT))"
        case .noFolder(let path, let folder):
            "cannot write \(path): the folder \(folder) does not exist"
        case .notPermitted(let operation, let path, let code):
            "cannot \(operation) \(path): \(Self.text(code))"
        case .diskFull(let operation, let path, let code):
            "cannot \(operation) \(path): the disk is full (\(Self.text(code)))"
        case .notRegular(let operation, let path, let found):
            "cannot \(operation) \(path): expected a regular file, found \(found)"
        case .system(let operation, let path, let code):
            "cannot \(operation) \(path): \(Self.text(code)) (error \(code))"
        }
    }

    public var errorDescription: String? {
        description
    }

    private static func text(_ code: Int32) -> String {
        strerror(code).map { String(cString: $0) } ?? "unknown error"
    }
}
