import Foundation
import Torch

/// What kind of dataset lies at a path, told from what is there.
public enum DatasetLayout: Equatable {
    /// A `.txt` of lines or a `.tsv` with a header.
    case text(URL)
    /// A `.safetensors` of `images`.
    case packedImages(URL)
    /// A `.safetensors` of `samples`.
    case packedSpeech(URL)
    /// Tar archives, in the order of their names.
    case shards([URL])
    /// A folder of class folders, or of images alone.
    case imageFolder(URL)
    /// ImageNet's validation images in one folder.
    case imageNetValidation(URL)
    /// One corruption and severity of ImageNet-C's layout.
    case corruptedImages(URL)
    /// The folder with the tables and `clips`, and the table's name.
    case commonVoice(URL, split: String?)
    /// One image or recording, or a folder of recordings.
    case image(URL)
    case audio(URL, names: [String])

    /// - Parameters:
    ///   - url: a folder, a file, or a pattern of tar shards such as `{000..009}.tar`.
    ///   - split: the part that is wanted: a folder such as `train` or `val`, the name of a
    ///     Common Voice table, `corruption/severity`; layouts without parts take no notice of it, and
    ///     tables of texts look it up themselves.
    /// - Throws: ``DatasetError/unknownKind(file:)``, ``DatasetError/noSplit(file:split:found:)``,
    ///   `FileError`.
    public init(_ url: URL, split: String? = nil) throws {
        if url.lastPathComponent.contains("{") {
            let urls = try ShardNames.expand(url.path).map { URL(fileURLWithPath: $0) }
            guard urls.allSatisfy({ $0.pathExtension == "tar" }) else {
                throw DatasetError.unknownKind(file: url.relativePath)
            }
            self = .shards(urls)
            return
        }
        var isFolder: ObjCBool = false
        switch url.pathExtension.lowercased() {
        case "tsv", "txt": self = .text(url)
        case "safetensors": self = PackedSpeech.matches(url) ? .packedSpeech(url) : .packedImages(url)
        case "tar": self = .shards([url])
        default:
            guard FileManager.default.fileExists(atPath: url.path, isDirectory: &isFolder) else {
                throw FileError.notFound(operation: "read", path: url.relativePath)
            }
            let name = url.lastPathComponent
            if isFolder.boolValue {
                self = try Self.folder(url, split)
            } else if ImageSuffix.matches(name) {
                self = .image(url)
            } else if AudioSuffix.matches(name) {
                self = .audio(url.deletingLastPathComponent(), names: [name])
            } else {
                throw DatasetError.unknownKind(file: url.relativePath)
            }
        }
    }

    private static func folder(_ url: URL, _ split: String?) throws -> DatasetLayout {
        let listing = try FolderListing(url.path)
        if CommonVoice.matches(listing) { return .commonVoice(url, split: split) }
        let shards = listing.files.filter { $0.hasSuffix(".tar") }
        if !shards.isEmpty {
            return .shards(try chosen(shards, split, in: url).map(url.appendingPathComponent))
        }
        if let part = try part(listing, split, in: url) { return try folder(part, nil) }
        if let inner = inner(listing, url) { return try folder(inner, split) }
        if ImageNetValidation.matches(listing) { return .imageNetValidation(url) }
        if let corrupted = try CorruptedImages(url) {
            guard let split else {
                throw DatasetError.noSplit(
                    file: url.relativePath, split: "all", found: try corrupted.splits())
            }
            return .corruptedImages(try corrupted.folder(split: split))
        }
        if listing.files.contains(where: ImageSuffix.matches) { return .imageFolder(url) }
        let recordings = listing.files.filter(AudioSuffix.matches)
        if listing.folders.isEmpty, !recordings.isEmpty { return .audio(url, names: recordings) }
        guard try hasImages(below: url, listing) else {
            throw DatasetError.unknownKind(file: url.relativePath)
        }
        return .imageFolder(url)
    }

    private static let parts = [
        "train": ["train", "training"],
        "test": ["test", "testing", "val", "valid", "validation", "dev"],
        "val": ["val", "valid", "validation", "dev", "test"],
    ]
    private static let aliases = ["validation": "val", "valid": "val", "dev": "val"]
    private static let partNames = Set(parts.values.joined())

    /// The folder of the wanted part, where all folders are parts.
    private static func part(_ listing: FolderListing, _ split: String?, in url: URL) throws -> URL? {
        let found = listing.folders.filter(partNames.contains)
        guard !found.filter(["train", "training", "val"].contains).isEmpty else { return nil }
        let wanted = split ?? "train"
        let names = [wanted] + (parts[aliases[wanted] ?? wanted] ?? [])
        guard let name = names.first(where: listing.folders.contains) else {
            throw DatasetError.noSplit(file: url.relativePath, split: wanted, found: found)
        }
        return url.appendingPathComponent(name)
    }

    /// Where ImageNet comes in folders of its own: `ILSVRC/Data/CLS-LOC`.
    private static func inner(_ listing: FolderListing, _ url: URL) -> URL? {
        let path = ["ILSVRC", "Data", "CLS-LOC"]
        let place = path.indices.lazy.map { path[$0...].joined(separator: "/") }.first {
            FileManager.default.fileExists(atPath: url.appendingPathComponent($0).path)
        }
        return place.map(url.appendingPathComponent)
    }

    /// The shards whose names begin with the wanted part; all where none begins with any part.
    private static func chosen(_ shards: [String], _ split: String?, in url: URL) throws -> [String] {
        guard let split, shards.contains(where: { name in partNames.contains { name.hasPrefix($0) } }) else {
            return shards
        }
        for name in [split] + (parts[aliases[split] ?? split] ?? []) {
            let found = shards.filter { $0.hasPrefix(name) }
            if !found.isEmpty { return found }
        }
        throw DatasetError.noSplit(file: url.relativePath, split: split, found: shards)
    }

    /// Whether a class folder has an image: looks until it finds one.
    private static func hasImages(below url: URL, _ listing: FolderListing, depth: Int = 0) throws -> Bool {
        guard depth < 8 else { return false }
        for name in listing.folders {
            let folder = url.appendingPathComponent(name)
            let inner = try FolderListing(folder.path)
            if inner.files.contains(where: ImageSuffix.matches) { return true }
            if try hasImages(below: folder, inner, depth: depth + 1) { return true }
        }
        return false
    }
}
