import AdaptiveComputation
import Datasets
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

    /// What a run must have in common with the one that it goes on from: options and phases, the
    /// dense model, the data.
    static func fingerprint(
        _ options: ConversionOptions, _ phases: [TrainingPhase], _ teacher: AdaptiveModel,
        _ dataset: any Dataset
    ) throws -> String {
        var fingerprint = Fingerprint()
        for (_, tensor) in teacher.network.namedParameters() {
            let first = try tensor.flattened().slice(0..<min(16, tensor.elementCount), axis: 0)
            for value in try first.to(.cpu, .float64).array(of: Double.self) {
                fingerprint.add(value.bitPattern)
            }
        }
        fingerprint.add(dataset.fingerprint)
        let names = phases.map(\.rawValue).joined(separator: ", ")
        return try options.yaml()
            + "phases: \(names)\nmodel and data: \(String(fingerprint.value, radix: 16))\n"
    }

    /// - Returns: nil where no run was begun.
    /// - Throws: ``ConversionError/otherRun(folder:)`` for a run of something else.
    func position(fingerprint: String) throws -> (Position, AdaptiveConfiguration)? {
        guard FileManager.default.fileExists(atPath: stateFile.path) else { return nil }
        let reader = try JSONObjectReader(contentsOf: stateFile)
        guard try reader.string("fingerprint") == fingerprint else {
            throw ConversionError.otherRun(folder: folder.deletingLastPathComponent().relativePath)
        }
        let position = Position(
            phase: try reader.choice("phase"), step: try reader.integer("step", in: 0...Int.max))
        return (position, try AdaptiveConfiguration(reader.object("acm")))
    }

    func save(
        _ position: Position, fingerprint: String, model: AdaptiveModel,
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
            "fingerprint": .string(fingerprint), "acm": model.configuration?.json ?? .null,
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
