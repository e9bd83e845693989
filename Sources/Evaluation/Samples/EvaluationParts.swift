import Foundation
import Torch

/// The parts of an evaluation that is not finished, in a folder, so that it can go on where it was stopped.
///
/// Each part is a safetensors file called by the number of samples before it; it appears whole or not at all.
public struct EvaluationParts: Sendable {
    private let folder: URL
    private let identity: String
    private let about: JSONValue

    /// Of the folder with the parts in that of a report.
    public static let folderName = "parts"

    /// - Parameters:
    ///   - folder: where the parts are; made when the first is written.
    ///   - identity: tells models, data and options; parts of another evaluation are not taken up.
    ///   - about: what is evaluated on what, for a report of what there is.
    public init(_ folder: URL, identity: String, about: JSONValue = [:]) {
        self.folder = folder
        self.identity = identity
        self.about = about
    }

    /// The parts in a folder, in their order.
    static func files(_ folder: URL) -> [URL] {
        let found = try? FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
        return (found ?? []).filter { $0.pathExtension == "safetensors" }
            .sorted { $0.lastPathComponent < $1.lastPathComponent }
    }

    /// The parts in their order, each as its tensors; parts of another evaluation are removed.
    ///
    /// - Throws: what reading the files throws.
    func read() throws -> [[String: Tensor]] {
        var found: [[String: Tensor]] = []
        for url in Self.files(folder) {
            let file = try SafetensorsFile(url)
            guard file.metadata["identity"] == identity else {
                try remove()
                return []
            }
            found.append(try file.tensors())
        }
        return found
    }

    /// - Parameters:
    ///   - tensors: of the part.
    ///   - count: samples in the parts before.
    ///   - facts: more that the file's metadata says.
    /// - Throws: `FileError`.
    func write(
        _ tensors: [(name: String, tensor: Tensor)], from count: Int, _ facts: [String: String] = [:]
    ) throws {
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let name = "\(count)"
        let padded = String(repeating: "0", count: max(0, 9 - name.count)) + name
        let own = try ["format": "pt", "identity": identity, "about": about.text()]
        try SafetensorsWriter.write(
            tensors, to: folder.appendingPathComponent("\(padded).safetensors"),
            metadata: own.merging(facts) { $1 })
    }

    /// Takes the folder away.
    public func remove() throws {
        if FileManager.default.fileExists(atPath: folder.path) {
            try FileManager.default.removeItem(at: folder)
        }
    }
}
