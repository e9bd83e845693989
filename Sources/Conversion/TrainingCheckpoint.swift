import Datasets
import Foundation
import Torch
import Transformers

/// The folder of an unfinished run: `state.json`, which says where the run stands, and the parameters
/// and the optimizer's state of that moment.
///
/// Each checkpoint is new files and then one rename of `state.json`, so that a kill at any moment
/// leaves a whole one.
struct TrainingCheckpoint {
    let folder: URL

    private var stateFile: URL { folder.appendingPathComponent("state.json") }

    private func file(_ stem: String, _ kind: String) -> URL {
        folder.appendingPathComponent("\(stem).\(kind).safetensors")
    }

    /// What `state.json` says.
    ///
    /// - Returns: nil where no run was begun.
    /// - Throws: ``ConversionError/otherRun(folder:)`` for a run of something else.
    func state(fingerprint: String) throws -> JSONObjectReader? {
        guard FileManager.default.fileExists(atPath: stateFile.path) else { return nil }
        let reader = try JSONObjectReader(contentsOf: stateFile)
        guard try reader.string("fingerprint") == fingerprint else {
            throw ConversionError.otherRun(folder: folder.deletingLastPathComponent().relativePath)
        }
        return reader
    }

    /// - Parameters:
    ///   - stem: how the files of this moment are called.
    ///   - state: what `state.json` says; must tell `stem` from those of other moments.
    ///   - fingerprint: what the run is; added to `state`.
    ///   - network: whose parameters are kept.
    ///   - optimizer: its state, by name.
    ///   - kept: a file of another moment that stays.
    func save(
        _ stem: String, state: JSONObject, fingerprint: String, network: any TransformerModel,
        optimizer: [(name: String, tensor: Tensor)], keeping kept: String? = nil
    ) throws {
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        try SafetensorsWriter.write(try network.checkpointParameters(), to: file(stem, "model"))
        try SafetensorsWriter.write(optimizer, to: file(stem, "optimizer"))
        var state = state
        state["fingerprint"] = .string(fingerprint)
        try JSONValue.object(state).write(to: stateFile)
        // What the state no longer names.
        for name in try FileManager.default.contentsOfDirectory(atPath: folder.path)
        where name.hasSuffix(".safetensors") && !name.hasPrefix(stem + ".") && name != kept {
            try FileManager.default.removeItem(at: folder.appendingPathComponent(name))
        }
    }

    /// Fills the parameters from the files of a moment.
    func restore(_ network: any TransformerModel, _ stem: String) throws {
        try restore(network, from: file(stem, "model").lastPathComponent)
    }

    /// Writes the parameters to a file of their own.
    func save(_ network: any TransformerModel, as name: String) throws {
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        try SafetensorsWriter.write(
            try network.checkpointParameters(), to: folder.appendingPathComponent(name))
    }

    func restore(_ network: any TransformerModel, from name: String) throws {
        let file = try SafetensorsFile(folder.appendingPathComponent(name))
        try withoutGradients {
            for (name, parameter) in try network.checkpointParameters() {
                try parameter.copyInPlace(from: file.tensor(name))
            }
        }
    }

    /// The optimizer's state at a moment; empty at the start.
    func optimizerState(_ stem: String) throws -> [String: Tensor] {
        try SafetensorsFile(file(stem, "optimizer")).tensors()
    }

    /// Ends the run: first what names the files, so that a kill leaves nothing that looks whole.
    func remove() throws {
        if FileManager.default.fileExists(atPath: stateFile.path) {
            try FileManager.default.removeItem(at: stateFile)
        }
        if FileManager.default.fileExists(atPath: folder.path) {
            try FileManager.default.removeItem(at: folder)
        }
    }
}

extension Fingerprint {
    /// Tells a model with its weights, and data, from others.
    package init(_ network: any TransformerModel, _ dataset: any Dataset) throws {
        self.init()
        for (_, tensor) in network.namedParameters() {
            let first = try tensor.flattened().slice(0..<min(16, tensor.elementCount), axis: 0)
            for value in try first.to(.cpu, .float64).array(of: Double.self) {
                add(value.bitPattern)
            }
        }
        add(dataset.fingerprint)
    }
}
