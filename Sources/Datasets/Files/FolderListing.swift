import Foundation
import Torch

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// The entries of a folder, hidden ones left out, each kind in the order of the names' bytes.
///
/// Read with `readdir`, which tells folders from files without asking for each: a folder of a
/// million images is listed in seconds.
struct FolderListing {
    private(set) var files: [String] = []
    private(set) var folders: [String] = []

    /// - Throws: `FileError`.
    init(_ path: String) throws {
        guard let stream = opendir(path) else {
            throw FileError(operation: "list", path: path, code: errno)
        }
        defer { closedir(stream) }
        while true {
            errno = 0
            guard let entry = readdir(stream) else {
                if errno != 0 { throw FileError(operation: "list", path: path, code: errno) }
                break
            }
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name.hasPrefix(".") { continue }
            switch Int(entry.pointee.d_type) {
            case Int(DT_REG): files.append(name)
            case Int(DT_DIR): folders.append(name)
            default:
                // A link, or a file system that does not say.
                var status = stat()
                guard stat("\(path)/\(name)", &status) == 0 else {
                    files.append(name)  // a link to nothing is told when it is read
                    continue
                }
                if status.st_mode & S_IFMT == S_IFDIR { folders.append(name) } else { files.append(name) }
            }
        }
        files.sort { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        folders.sort { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }

    /// All files below a folder whose names `matches` accepts, by their paths from it.
    ///
    /// - Throws: `FileError`; ``DatasetError/unreadable(file:_:)`` where links lead in a circle.
    static func files(below path: String, where matches: (String) -> Bool) throws -> [String] {
        var found: [String] = []
        func visit(_ folder: String, depth: Int) throws {
            guard depth < 32 else {
                throw DatasetError.unreadable(
                    file: "\(path)/\(folder)", "lies more than 32 folders deep; does a link lead in a circle")
            }
            let listing = try FolderListing(folder.isEmpty ? path : "\(path)/\(folder)")
            let prefix = folder.isEmpty ? "" : "\(folder)/"
            found += listing.files.filter(matches).map { prefix + $0 }
            for name in listing.folders { try visit(prefix + name, depth: depth + 1) }
        }
        try visit("", depth: 0)
        return found
    }
}
