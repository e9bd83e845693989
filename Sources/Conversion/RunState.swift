import AdaptiveComputation
import Datasets
import Foundation
import Torch
import Transformers

/// The checkpoint of an unfinished conversion, in the folder `checkpoint` of its output; see
/// ``TrainingCheckpoint``.
struct RunState {
    /// Where a run stands: so many steps of this phase are done.
    struct Position: Equatable {
        var phase: TrainingPhase
        var step: Int

        /// How the files of this moment are called.
        fileprivate var stem: String { "\(phase.rawValue)-\(step)" }
    }

    private let checkpoint: TrainingCheckpoint

    init(folder: URL) {
        checkpoint = TrainingCheckpoint(folder: folder)
    }

    /// What a run must have in common with the one that it goes on from: options and phases, the
    /// dense model, the data.
    static func fingerprint(
        _ options: ConversionOptions, _ phases: [TrainingPhase], _ teacher: AdaptiveModel,
        _ dataset: any Dataset, heldOut: (any Dataset)? = nil
    ) throws -> String {
        var fingerprint = try Fingerprint(teacher.network, dataset)
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
        guard let reader = try checkpoint.state(fingerprint: fingerprint) else { return nil }
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
        var state = JSONObject()
        state["phase"] = .string(position.phase.rawValue)
        state["step"] = .integer(position.step)
        state["acm"] = model.configuration?.json ?? .null
        state["record"] = record.json
        try checkpoint.save(
            position.stem, state: state, fingerprint: fingerprint, network: model.network,
            optimizer: optimizer, keeping: record.best.map { Self.bestFile(step: $0.step) })
    }

    private static func bestFile(step: Int) -> String { "best-\(step).safetensors" }

    /// Keeps the weights of an evaluation. Those of the best before stay until the next checkpoint, for a
    /// run that is stopped until then goes on from where they were the best.
    func saveBest(_ model: AdaptiveModel, step: Int) throws {
        try checkpoint.save(model.network, as: Self.bestFile(step: step))
    }

    func restoreBest(_ model: AdaptiveModel, step: Int) throws {
        try checkpoint.restore(model.network, from: Self.bestFile(step: step))
    }

    /// Fills the model's parameters from the checkpoint at a position.
    func restore(_ model: AdaptiveModel, at position: Position) throws {
        try checkpoint.restore(model.network, position.stem)
    }

    /// The optimizer's state at a position; empty at the start of a phase.
    func optimizerState(at position: Position) throws -> [String: Tensor] {
        try checkpoint.optimizerState(position.stem)
    }

    /// Ends the run.
    func remove() throws { try checkpoint.remove() }
}
