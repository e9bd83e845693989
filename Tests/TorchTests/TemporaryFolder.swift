import Foundation

/// An empty folder that is removed with this object.
final class TemporaryFolder: Sendable {
    let url: URL

    init() throws {
        url = FileManager.default.temporaryDirectory
            .appendingPathComponent("acm-tests-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    }

    deinit {
        try? FileManager.default.removeItem(at: url)
    }

    /// Writes a file into the folder.
    @discardableResult
    func add(_ name: String, _ content: some DataProtocol) throws -> URL {
        let file = url.appendingPathComponent(name)
        try Data(content).write(to: file)
        return file
    }

    /// The names of all files, hidden ones included, in order.
    func contents() throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: url.path).sorted()
    }
}
