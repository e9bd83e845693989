import Foundation

/// An empty folder that is removed with this object.
public final class TemporaryFolder: Sendable {
    public let url: URL

    public init(_ files: [String: String] = [:]) throws {
        url = FileManager.default.temporaryDirectory
            .appendingPathComponent("acm-tests-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
        for (name, content) in files { try add(name, Data(content.utf8)) }
    }

    deinit {
        try? FileManager.default.removeItem(at: url)
    }

    /// Writes a file into the folder.
    @discardableResult
    public func add(_ name: String, _ content: some DataProtocol) throws -> URL {
        let file = self[name]
        try Data(content).write(to: file)
        return file
    }

    /// The names of all files, hidden ones included, in order.
    public func contents() throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: url.path).sorted()
    }

    /// Where a file of the folder lies, or would lie.
    public subscript(name: String) -> URL { url.appendingPathComponent(name) }
}

extension TemporaryFolder {
    /// The files of a tokenizer of single letters: `[PAD]` 0, `[UNK]` 1, `[CLS]` 2, `[SEP]` 3, and
    /// a to f from 4 on.
    public static let letterTokenizer = [
        "vocab.txt": "[PAD]\n[UNK]\n[CLS]\n[SEP]\na\nb\nc\nd\ne\nf\n", "tokenizer_config.json": "{}",
    ]
}
