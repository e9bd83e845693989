import AdaptiveComputation
import Foundation
import Torch
import Transformers

/// How the processes of a run come to one model: process 0 makes it or reads its checkpoint, the others
/// get it from there and need no file of the run.
struct ModelSharing {
    let group: ProcessGroup

    /// - Throws: ``ConversionError/option(_:)`` in a process whose options, model or data are not those of
    ///   process 0.
    func requireSame(_ fingerprint: String) throws {
        guard try group.broadcast(fingerprint) == fingerprint else {
            throw ConversionError.option(
                "Process \(group.rank) has other options, another model or other data than process 0: give all the same"
            )
        }
    }

    /// Where the run of process 0 stands; nil at its start.
    func position(_ own: RunState.Position?) throws -> RunState.Position? {
        let text = try group.broadcast(own.map { "\($0.phase.rawValue) \($0.step)" } ?? "")
        let words = text.split(separator: " ")
        guard words.count == 2, let phase = TrainingPhase(rawValue: String(words[0])),
            let step = Int(words[1])
        else { return nil }
        return RunState.Position(phase: phase, step: step)
    }

    /// The model of process 0, which others build on their own dense one.
    ///
    /// - Parameters:
    ///   - own: process 0's model; not called in the others.
    ///   - base: what the model folder holds; not called in process 0.
    ///   - device: where the parameters lie.
    func model(
        _ own: () throws -> AdaptiveModel, base: () throws -> AdaptiveModel, device: Device
    ) throws -> AdaptiveModel {
        let made = try group.isFirst ? own() : nil
        let configuration = made?.configuration?.json ?? .null
        let text = try group.broadcast(configuration.text())
        var model: AdaptiveModel
        if let made {
            model = made
        } else {
            let reader = try JSONObjectReader(JSONValue(parsing: text), source: "process 0", path: "acm")
            model = try base()
            let shared = try AdaptiveConfiguration(reader)
            if model.configuration == nil {
                model = try AdaptiveModel(model.network, shared)
            } else {
                model.configuration = shared
            }
            try model.network.move(to: device)
        }
        try spread(model)
        return model
    }

    /// Gives all processes the parameters that process 0 has.
    func spread(_ model: AdaptiveModel) throws {
        try withoutGradients {
            for (_, tensor) in model.network.namedParameters() { try group.broadcastInPlace(tensor) }
        }
    }
}
