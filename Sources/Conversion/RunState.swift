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
        _ dataset: any Dataset, heldOut: (any Dataset)? = nil
    ) throws -> String {
        var fingerprint = Fingerprint()
        for (_, tensor) in teacher.network.namedParameters() {
            let first = try tensor.flattened().slice(0..<min(16, tensor.elementCount), axis: 0)
            for value in try first.to(.cpu, .float64).array(of: Double.self) {
                fingerprint.add(value.bitPattern)
            }
        }
        fingerprint.add(dataset.fingerprint)
        if let heldOut { fingerprint.add(heldOut.fingerprint) }
        let names = phases.map(\.rawValue).joined(separator: ", ")
        return try options.yaml()
            + "phases: \(names)\nmodel and data: \(String(fingerprint.value, radix: 16))\n"
    }

    /// Where a run was left.
    struct Saved {
        let position: Position
        let configuration: AdaptiveConfiguration
        let record: RunRecord
    }

    /// - Returns: nil where no run was begun.
    /// - Throws: ``ConversionError/otherRun(folder:)`` for a run of something else.
    func saved(fingerprint: String) throws -> Saved? {
        guard FileManager.default.fileExists(atPath: stateFile.path) else { return nil }
        let reader = try JSONObjectReader(contentsOf: stateFile)
        guard try reader.string("fingerprint") == fingerprint else {
            throw ConversionError.otherRun(folder: folder.deletingLastPathComponent().relativePath)
        }
        return Saved(
            position: Position(
                phase: try reader.choice("phase"), step: try reader.integer("step", in: 0...Int.max)),
            configuration: try AdaptiveConfiguration(reader.object("acm")),
            record: try RunRecord(reader.object("record")))
    }

    func save(
        _ position: Position, fingerprint: String, model: AdaptiveModel,
        optimizer: [(name: String, tensor: Tensor)], record: RunRecord
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
            "record": record.json,
        ]
        try state.write(to: stateFile)
        // What the state no longer names.
        let best = record.best.map { bestFile(step: $0.step).lastPathComponent }
        for name in try FileManager.default.contentsOfDirectory(atPath: folder.path)
        where name.hasSuffix(".safetensors") && !name.hasPrefix(stem + ".") && name != best {
            try FileManager.default.removeItem(at: folder.appendingPathComponent(name))
        }
    }

    private func bestFile(step: Int) -> URL {
        folder.appendingPathComponent("best-\(step).safetensors")
    }

    /// Keeps the weights of an evaluation. Those of the best before stay until the next checkpoint, for a
    /// run that is stopped until then goes on from where they were the best.
    func saveBest(_ model: AdaptiveModel, step: Int) throws {
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        try SafetensorsWriter.write(try model.network.checkpointParameters(), to: bestFile(step: step))
    }

    func restoreBest(_ model: AdaptiveModel, step: Int) throws {
        try restore(model, from: bestFile(step: step))
    }

    /// Fills the model's parameters from the checkpoint at a position.
    func restore(_ model: AdaptiveModel, at position: Position) throws {
        let name = "\(position.phase.rawValue)-\(position.step).model.safetensors"
        try restore(model, from: folder.appendingPathComponent(name))
    }

    private func restore(_ model: AdaptiveModel, from url: URL) throws {
        let file = try SafetensorsFile(url)
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
