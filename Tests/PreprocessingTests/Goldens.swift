import Foundation
import Testing

@testable import Preprocessing

/// `Tests/Goldens`, found from where this file was compiled.
enum Goldens {
    static let folder = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("Goldens")

    static func wordPiece(_ name: String) -> URL {
        folder.appendingPathComponent("wordpiece").appendingPathComponent(name)
    }

    /// What a text encodes to, as `tools/goldens/wordpiece.py` writes it.
    struct Encoding: Decodable {
        let text: String
        let pair: String?
        let maximumLength: Int?
        let ids: [Int]
        let typeIDs: [Int]
        let tokens: [String]
        let offsets: [[Int]]
    }

    static func encodings(_ name: String) throws -> [Encoding] {
        let file = wordPiece(name).appendingPathComponent("encodings.json")
        return try JSONDecoder().decode([Encoding].self, from: Data(contentsOf: file))
    }
}

/// A folder that is removed with the last reference to it.
final class TemporaryFolder: Sendable {
    let url: URL

    init(_ files: [String: String] = [:]) throws {
        url = FileManager.default.temporaryDirectory.appendingPathComponent("acm-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
        for (name, contents) in files { try write(Array(contents.utf8), to: name) }
    }

    deinit {
        try? FileManager.default.removeItem(at: url)
    }

    func write(_ bytes: [UInt8], to name: String) throws {
        try Data(bytes).write(to: url.appendingPathComponent(name))
    }
}

/// The message of the `PreprocessingError` that `body` throws.
func message(
    sourceLocation: SourceLocation = #_sourceLocation, _ body: () throws -> Void
) throws -> String {
    let error = try #require(
        throws: (any Error).self, sourceLocation: sourceLocation, performing: body)
    return error.localizedDescription
}
