import Foundation

/// The index of a sharded checkpoint, `model.safetensors.index.json`: its `weight_map` names the
/// file of each tensor.
struct SafetensorsIndex {
    private let url: URL
    private let shardOfTensor: JSONObject

    /// Reads an index and checks the names of its shards: they must be plain, so that an index
    /// cannot reach out of its folder.
    ///
    /// - Throws: `FileError`, `JSONError`, `SafetensorsError.invalidIndex`.
    init(_ url: URL) throws {
        self.url = url
        let file = url.relativePath
        let reader = try JSONObjectReader(contentsOf: url)
        guard let map = reader.object["weight_map"]?.objectValue, !map.isEmpty else {
            throw SafetensorsError.invalidIndex(
                file: file, expected: "a \"weight_map\" from tensors to files",
                found: reader.object["weight_map"]?.summary ?? "none")
        }
        for (name, shard) in map {
            guard let shardName = shard.stringValue, Self.isPlain(shardName) else {
                throw SafetensorsError.invalidIndex(
                    file: file,
                    expected: "a plain .safetensors file name for \(JSONValue.quoted(name))",
                    found: shard.summary)
            }
        }
        shardOfTensor = map
    }

    /// Opens all shards, in the order of their names, and checks them against the index.
    ///
    /// - Throws: what `SafetensorsFile` throws; `SafetensorsError.inconsistentShards`.
    func open() throws -> [SafetensorsFile] {
        let shards = Set(shardOfTensor.compactMap { $0.value.stringValue }).sorted()
        let folder = url.deletingLastPathComponent()
        var problems: [String] = []
        var files: [SafetensorsFile] = []
        var entriesOfShard: [String: [String: SafetensorsEntry]] = [:]
        for shard in shards {
            do {
                let file = try SafetensorsFile(folder.appendingPathComponent(shard))
                files.append(file)
                entriesOfShard[shard] = file.entries
                for name in file.names where shardOfTensor[name]?.stringValue != shard {
                    problems.append("\(JSONValue.quoted(name)) in \(shard), which the index denies")
                }
            } catch FileError.notFound {
                problems.append("no file \(shard)")
            }
        }
        for (name, value) in shardOfTensor {
            if let shard = value.stringValue, let entries = entriesOfShard[shard],
                entries[name] == nil
            {
                problems.append("no \(JSONValue.quoted(name)) in \(shard)")
            }
        }
        guard problems.isEmpty else {
            throw SafetensorsError.inconsistentShards(
                file: url.relativePath, problems: problems)
        }
        return files
    }

    private static func isPlain(_ name: String) -> Bool {
        name.utf8.allSatisfy { $0 != UInt8(ascii: "/") && $0 != UInt8(ascii: "\\") && $0 >= 0x20 }
            && name.hasSuffix(".safetensors") && !name.hasPrefix(".")
    }
}
