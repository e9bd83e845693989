import Foundation
import Torch

/// Which files of a repository a model is read from.
struct NeededFiles: Equatable, Sendable {
    static let configuration = "config.json"
    static let index = "model.safetensors.index.json"
    static let weights = "model.safetensors"

    /// What models have beside their weights; all but the first are optional.
    static let descriptions = [
        configuration, "generation_config.json", "preprocessor_config.json", "processor_config.json",
        "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "vocab.txt", "vocab.json",
        "merges.txt", "added_tokens.json", "normalizer.json",
    ]

    /// In the order of the lists above; the weights, or their index, come last.
    let names: [String]

    /// Whether the weights are in shards, which the index names.
    var isSharded: Bool { names.last == Self.index }

    /// Picks from the files that there are.
    ///
    /// - Throws: `HubError.pickled` or `HubError.noModel`.
    init(among files: some Collection<String>, repository: RepositoryName) throws {
        let files = Set(files)
        guard files.contains(Self.configuration) else {
            throw HubError.noModel(repository.description, expected: Self.configuration)
        }
        guard let weights = [Self.weights, Self.index].first(where: files.contains) else {
            if let pickled = files.filter(Self.isPickled).min() {
                throw HubError.pickled(repository.description, file: pickled)
            }
            throw HubError.noModel(repository.description, expected: "\(Self.weights) or \(Self.index)")
        }
        names = Self.descriptions.filter(files.contains) + [weights]
    }

    /// The files that an index names, in order and each once.
    ///
    /// - Throws: `FileError`, `JSONError`, `HubError.unsafeName`.
    static func shards(in index: URL, repository: RepositoryName) throws -> [String] {
        let reader = try JSONObjectReader(contentsOf: index)
        let map = try reader.object("weight_map")
        let names = try Set(map.object.keys.map { try map.string($0) }).sorted()
        guard !names.isEmpty else {
            throw reader.invalid("weight_map", expected: "an object that names files")
        }
        // The reader of checkpoints takes shards from the index's own folder only.
        for name in names where !PlainPath.isPlain(name) || name.contains("/") || name.hasPrefix(".") {
            throw HubError.unsafeName(name, repository: repository.description)
        }
        return names
    }

    /// Weights of formats that are not read; `training_args.bin` and the like are none.
    private static func isPickled(_ name: String) -> Bool {
        [".bin", ".pt", ".pth", ".ckpt", ".pkl", ".h5", ".msgpack"].contains { name.hasSuffix($0) }
            && !name.contains("/")
            && !["training_args.bin", "optimizer.pt", "optimizer.bin", "scheduler.pt"].contains(name)
    }
}
