import Foundation

/// Where the weights lie that a path stands for.
enum SafetensorsLocation: Equatable {
    /// All in one file.
    case file(URL)
    /// In shards that this index lists.
    case index(URL)

    private static let indexSuffix = ".safetensors.index.json"
    private static let suffix = ".safetensors"
    private static let unsupportedSuffixes = [
        ".bin", ".bin.index.json", ".pt", ".pth", ".ckpt", ".h5", ".msgpack", ".pkl", ".onnx",
        ".gguf",
    ]

    /// - Throws: `SafetensorsError.unsupportedFormat` or `.noWeights`; `FileError` if there is
    ///   nothing at the path, or if a folder cannot be listed.
    init(_ url: URL) throws {
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: url.path, isDirectory: &isFolder) else {
            throw FileError(operation: "read", path: url.relativePath, code: ENOENT)
        }
        if isFolder.boolValue {
            self = try Self.search(url)
        } else if url.path.hasSuffix(Self.indexSuffix) {
            self = .index(url)
        } else if url.path.hasSuffix(Self.suffix) {
            self = .file(url)
        } else if Self.isUnsupported(url.path) {
            throw SafetensorsError.unsupportedFormat(path: url.relativePath)
        } else {
            throw SafetensorsError.noWeights(path: url.relativePath, found: "another file")
        }
    }

    private static func search(_ folder: URL) throws -> SafetensorsLocation {
        guard let contents = try? FileManager.default.contentsOfDirectory(atPath: folder.path)
        else {
            throw FileError(operation: "read", path: folder.relativePath, code: EACCES)
        }
        if contents.contains(SafetensorsCheckpoint.fileName) {
            return .file(folder.appendingPathComponent(SafetensorsCheckpoint.fileName))
        }
        if contents.contains(SafetensorsCheckpoint.indexName) {
            return .index(folder.appendingPathComponent(SafetensorsCheckpoint.indexName))
        }
        let others = contents.filter { $0.hasSuffix(suffix) }.sorted()
        if others.isEmpty, let name = contents.filter(isWeights).min() {
            throw SafetensorsError.unsupportedFormat(
                path: folder.appendingPathComponent(name).relativePath)
        }
        throw SafetensorsError.noWeights(
            path: folder.relativePath,
            found: others.first.map { "only \(JSONValue.quoted($0))" } ?? "neither")
    }

    private static func isUnsupported(_ path: String) -> Bool {
        unsupportedSuffixes.contains { path.hasSuffix($0) }
    }

    /// Whether a file of a folder holds weights; `training_args.bin` and the like do not.
    private static func isWeights(_ name: String) -> Bool {
        isUnsupported(name)
            && !["training_args.bin", "optimizer.pt", "scheduler.pt"].contains(name)
    }
}
