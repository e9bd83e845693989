import Foundation

/// Images in the layout of ImageNet-C: `corruption/severity/class/…` with severities from 1, the
/// corruptions perhaps in folders of their kind (`noise/gaussian_noise/1/…`).
///
/// - Source: Hendrycks & Dietterich 2019.
public struct CorruptedImages: Sendable {
    public let folder: URL
    /// From the folder to each corruption, by its name.
    public let corruptions: [String: String]

    /// nil for a folder of another layout.
    public init?(_ folder: URL) throws {
        self.folder = folder
        var found: [String: String] = [:]
        for name in try FolderListing(folder.path).folders {
            let path = folder.appendingPathComponent(name).path
            if try Self.hasSeverities(path) {
                found[name] = name
                continue
            }
            for inner in try FolderListing(path).folders.prefix(64)
            where try Self.hasSeverities("\(path)/\(inner)") {
                found[inner] = "\(name)/\(inner)"
            }
        }
        if found.isEmpty { return nil }
        corruptions = found
    }

    private static func hasSeverities(_ path: String) throws -> Bool {
        let listing = try FolderListing(path)
        return try !listing.folders.isEmpty
            && listing.folders.allSatisfy { Int($0).map { (1...10).contains($0) } ?? false }
            && !listing.files.contains(where: ImageSuffix.matches)
            // Classes that are called by numbers have images, severities have classes.
            && !FolderListing("\(path)/\(listing.folders[0])").folders.isEmpty
    }

    /// All pairs, as the splits that ``folder(split:)`` takes: `corruption/severity`.
    public func splits() throws -> [String] {
        try corruptions.keys.sorted().flatMap { name in
            try FolderListing(folder.appendingPathComponent(corruptions[name] ?? name).path).folders.map {
                "\(name)/\($0)"
            }
        }
    }

    /// The class folders of one corruption at one severity.
    ///
    /// - Throws: ``DatasetError/noSplit(file:split:found:)``.
    public func folder(split: String) throws -> URL {
        let known = try splits()
        let parts = split.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard known.contains(split), let path = corruptions[parts[0]] else {
            throw DatasetError.noSplit(file: folder.relativePath, split: split, found: known)
        }
        return folder.appendingPathComponent("\(path)/\(parts[1])")
    }
}
