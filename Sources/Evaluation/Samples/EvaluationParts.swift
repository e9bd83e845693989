import Foundation
import Torch

/// The parts of an evaluation that is not finished, in a folder, so that it can go on where it was stopped.
///
/// Each part is a safetensors file called by the number of samples before it; it appears whole or not at all.
public struct EvaluationParts: Sendable {
    private let folder: URL
    private let identity: String

    /// - Parameters:
    ///   - folder: where the parts are; made when the first is written.
    ///   - identity: tells models, data and options; parts of another evaluation are not taken up.
    public init(_ folder: URL, identity: String) {
        self.folder = folder
        self.identity = identity
    }

    private var files: [URL] {
        let found = try? FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
        return (found ?? []).filter { $0.pathExtension == "safetensors" }
            .sorted { $0.lastPathComponent < $1.lastPathComponent }
    }

    /// The parts in their order, each as its tensors; parts of another evaluation are removed.
    ///
    /// - Throws: what reading the files throws.
    func read() throws -> [[String: Tensor]] {
        var found: [[String: Tensor]] = []
        for url in files {
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
    /// - Throws: `FileError`.
    func write(_ tensors: [(name: String, tensor: Tensor)], from count: Int) throws {
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let name = "\(count)"
        let padded = String(repeating: "0", count: max(0, 9 - name.count)) + name
        try SafetensorsWriter.write(
            tensors, to: folder.appendingPathComponent("\(padded).safetensors"),
            metadata: ["format": "pt", "identity": identity])
    }

    /// Takes the folder away.
    public func remove() throws {
        if FileManager.default.fileExists(atPath: folder.path) {
            try FileManager.default.removeItem(at: folder)
        }
    }
}
