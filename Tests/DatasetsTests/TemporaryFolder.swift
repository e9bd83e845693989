import Foundation
import Torch

/// A folder that is removed with the last reference to it.
final class TemporaryFolder: Sendable {
    let url: URL

    init(_ files: [String: String] = [:]) throws {
        url = FileManager.default.temporaryDirectory.appendingPathComponent("acm-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
        for (name, contents) in files { try add(name, Data(contents.utf8)) }
    }

    deinit { try? FileManager.default.removeItem(at: url) }

    @discardableResult
    func add(_ name: String, _ content: Data) throws -> URL {
        let file = url.appendingPathComponent(name)
        try content.write(to: file)
        return file
    }

    @discardableResult
    func add(_ name: String, _ tensors: [(name: String, tensor: Tensor)]) throws -> URL {
        let file = url.appendingPathComponent(name)
        try SafetensorsWriter.write(tensors, to: file)
        return file
    }

    /// A tokenizer of single letters, with `[PAD]` 0, `[UNK]` 1, `[CLS]` 2, `[SEP]` 3, and a to f
    /// from 4 on.
    static let letters = [
        "vocab.txt": "[PAD]\n[UNK]\n[CLS]\n[SEP]\na\nb\nc\nd\ne\nf\n", "tokenizer_config.json": "{}",
        "config.json": #"{"architectures": ["BertModel"]}"#,
    ]
}
