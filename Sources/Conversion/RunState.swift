import AdaptiveComputation
import Foundation
import Torch
import Transformers

/// The checkpoint of an unfinished conversion, in the folder `checkpoint` of its output.
///
/// Each checkpoint is new files and then one rename of `state.json`, so that a kill at any moment
/// leaves a whole one.
struct RunState {
    /// Where a run stands: so many steps of this phase are done.
    struct Position: Equatable {
        var phase: TrainingPhase
        var step: Int
    }

    let folder: URL

    private var stateFile: URL { folder.appendingPathComponent("state.json") }

    /// - Returns: nil where no run was begun.
    /// - Throws: ``ConversionError/otherRun(folder:)`` for a run with other options.
    func position(options: String) throws -> (Position, AdaptiveConfiguration)? {
        guard FileManager.default.fileExists(atPath: stateFile.path) else { return nil }
        let reader = try JSONObjectReader(contentsOf: stateFile)
        guard try reader.string("options") == options else {
            throw ConversionError.otherRun(folder: folder.deletingLastPathComponent().relativePath)
        }
        let position = Position(
            phase: try reader.choice("phase"), step: try reader.integer("step", in: 0...Int.max))
        return (position, try AdaptiveConfiguration(reader.object("acm")))
    }

    func save(
        _ position: Position, options: String, model: AdaptiveModel,
        optimizer: [(name: String, tensor: Tensor)]
    ) throws {
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let stem = "\(position.phase.rawValue)-\(position.step)"
        try SafetensorsWriter.write(
            try model.network.checkpointParameters(),
            to: folder.appendingPathComponent("\(stem).model.safetensors"))
        try SafetensorsWriter.write(
            optimizer, to: folder.appendingPathComponent("\(stem).optimizer.safetensors"))
        let state: JSONValue = [
            "phase": .string(position.phase.rawValue), "step": .integer(position.step),
            "options": .string(options), "acm": model.configuration?.json ?? .null,
        ]
        try state.write(to: stateFile)
        // What the state no longer names.
        for name in try FileManager.default.contentsOfDirectory(atPath: folder.path)
        where name.hasSuffix(".safetensors") && !name.hasPrefix(stem + ".") {
            try FileManager.default.removeItem(at: folder.appendingPathComponent(name))
        }
    }

    /// Fills the model's parameters from the checkpoint at a position.
    func restore(_ model: AdaptiveModel, at position: Position) throws {
        let file = try SafetensorsFile(
            folder.appendingPathComponent("\(position.phase.rawValue)-\(position.step).model.safetensors"))
        try withoutGradients {
            for (name, parameter) in try model.network.checkpointParameters() {
                try parameter.copyInPlace(from: file.tensor(name))
            }
        }
    }

    /// The optimizer's state at a position; empty at the start of a phase.
    func optimizerState(at position: Position) throws -> [String: Tensor] {
        try SafetensorsFile(
            folder.appendingPathComponent("\(position.phase.rawValue)-\(position.step).optimizer.safetensors")
        ).tensors()
    }

    func remove() throws {
        if FileManager.default.fileExists(atPath: folder.path) {
            try FileManager.default.removeItem(at: folder)
        }
    }
}
