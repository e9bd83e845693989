import Foundation

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// `write(2)`, which the methods of `AtomicFile` hide.
private func systemWrite(_ descriptor: Int32, _ bytes: UnsafeRawPointer?, _ count: Int) -> Int {
    write(descriptor, bytes, count)
}

/// A file that appears whole or not at all.
///
/// The content goes into a hidden file beside the destination (`.name.tmp-<process>-<random>`),
/// which is brought to the disk and then renamed into place. Until the rename the file that was
/// there before stays as it was; when anything fails the hidden file is removed. Only a process
/// that is killed leaves it behind.
///
/// ```swift
/// try AtomicFile.write(to: url) { file in
///     try file.append(header)
///     try file.append(weights)
/// }
/// ```
///
/// A file that is replaced keeps its permissions. A symbolic link is followed, so that the file it
/// points to is replaced. Folders, devices and pipes are refused.
public final class AtomicFile {
    /// The bytes written so far.
    public private(set) var byteCount = 0

    private let path: String  // as it was given, for messages
    private let destination: String
    private let temporary: String
    private var descriptor: Int32

    /// Writes a file through `body`, which appends the content piece by piece.
    ///
    /// - Returns: what `body` returns.
    /// - Throws: what `body` throws, or `FileError`; the destination is then unchanged.
    public static func write<Result>(
        to url: URL, _ body: (AtomicFile) throws -> Result
    ) throws -> Result {
        let file = try AtomicFile(url)
        defer { file.discard() }
        let result = try body(file)
        try file.commit()
        return result
    }

    /// Writes a file from bytes in memory.
    ///
    /// - Throws: `FileError`; the destination is then unchanged.
    public static func write(_ content: some ContiguousBytes, to url: URL) throws {
        try write(to: url) { file in
            try content.withUnsafeBytes { try file.append($0) }
        }
    }

    private init(_ url: URL) throws {
        path = url.relativePath
        let (destination, permissions) = try Self.resolve(url)
        self.destination = destination
        temporary = Self.temporaryPath(for: destination)
        descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
        guard descriptor >= 0 else {
            if errno == ENOENT {
                throw FileError.noFolder(path: path, folder: Self.folder(of: path))
            }
            throw failure(errno)
        }
        if let permissions, fchmod(descriptor, permissions) != 0 {
            let code = errno
            discard()
            throw failure(code)
        }
    }

    /// Appends bytes.
    ///
    /// - Throws: `FileError`, such as `diskFull`.
    public func append(_ bytes: UnsafeRawBufferPointer) throws {
        var rest = bytes[...]
        while !rest.isEmpty {
            let piece = UnsafeRawBufferPointer(rebasing: rest.prefix(1 << 30))  // of 2 GiB at most
            let written = systemWrite(descriptor, piece.baseAddress, piece.count)
            if written < 0 {
                if errno == EINTR { continue }
                throw failure(errno)
            }
            rest = rest.dropFirst(written)
            byteCount += written
        }
    }

    /// Appends bytes held by an array or `Data`.
    ///
    /// - Throws: `FileError`, such as `diskFull`.
    public func append(_ bytes: some ContiguousBytes) throws {
        try bytes.withUnsafeBytes { try append($0) }
    }

    /// Sets aside disk space for a file of `byteCount` bytes, where the file system can do that, so
    /// that a full disk is known before a long write.
    ///
    /// - Throws: `FileError.diskFull`.
    public func reserve(byteCount: Int) throws {
        guard byteCount > 0 else { return }
        let code = posix_fallocate(descriptor, 0, off_t(byteCount))
        if code == ENOSPC || code == EDQUOT || code == EFBIG {
            throw failure(code)
        }
    }

    private func commit() throws {
        guard ftruncate(descriptor, off_t(byteCount)) == 0 else { throw failure(errno) }
        guard fsync(descriptor) == 0 else { throw failure(errno) }
        let closed = close(descriptor)
        descriptor = -1
        guard closed == 0 else { throw failure(errno) }
        guard rename(temporary, destination) == 0 else { throw failure(errno) }
        synchronizeFolder()
    }

    /// Brings the rename to the disk, where that can be done. A failure is passed over: the content
    /// is on the disk and in place, and nothing could be taken back.
    private func synchronizeFolder() {
        let folder = open(Self.folder(of: destination), O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard folder >= 0 else { return }
        fsync(folder)
        close(folder)
    }

    /// Removes what `commit` has not put in place; does nothing after it.
    private func discard() {
        if descriptor >= 0 {
            close(descriptor)
            descriptor = -1
        }
        unlink(temporary)
    }

    private func failure(_ code: Int32) -> FileError {
        FileError(operation: "write", path: path, code: code)
    }
}

extension AtomicFile {
    /// The destination with symbolic links followed, and the permissions of a file that is there.
    private static func resolve(_ url: URL) throws -> (destination: String, permissions: mode_t?) {
        var status = stat()
        guard lstat(url.path, &status) == 0 else { return (url.path, nil) }

        var destination = url.path
        if status.st_mode & S_IFMT == S_IFLNK {
            guard let target = realpath(url.path, nil) else {
                throw FileError(operation: "write", path: url.relativePath, code: errno)
            }
            defer { free(target) }
            destination = String(cString: target)
            guard stat(destination, &status) == 0 else {
                throw FileError(operation: "write", path: url.relativePath, code: errno)
            }
        }
        guard status.st_mode & S_IFMT == S_IFREG else {
            let found = status.st_mode & S_IFMT == S_IFDIR ? "a folder" : "a device or pipe"
            throw FileError.notRegular(operation: "write", path: url.relativePath, found: found)
        }
        return (destination, status.st_mode & 0o7777)
    }

    private static func temporaryPath(for destination: String) -> String {
        let name = destination.split(separator: "/").last.map(String.init) ?? ""
        let shortName = String(name.unicodeScalars.prefix(40))  // a file name has at most 255 bytes
        let random = String(UInt64.random(in: 0 ... .max), radix: 16)
        return folder(of: destination) + "/.\(shortName).tmp-\(getpid())-\(random)"
    }

    private static func folder(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }
}
