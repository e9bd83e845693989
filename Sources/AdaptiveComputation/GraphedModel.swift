import Torch
import Transformers

/// A model's forward pass at inference as a CUDA graph: for inputs of one size, at one budget.
///
/// Outputs and the decisions in ``pass`` lie in memory that the next call overwrites.
///
/// - SeeAlso: `CapturedGraph`.
public struct GraphedModel {
    /// The recorded pass; its trace has what the gates chose in the latest call.
    public let pass: AdaptivePass
    private let inputs: ModelInputs
    private let outputNames: [String]
    private let graph: CapturedGraph

    /// - Parameters:
    ///   - model: on a CUDA device; its parameters are read where they lie now.
    ///   - inputs: of the size that it will be called with.
    ///   - budget: the load that is asked for, 0…1.
    /// - Throws: `TorchError.unavailable(_:)` where there are no CUDA graphs, `TorchError.failure(_:)` for a pass that
    ///   waits for the device: one that leaves samples or tokens out, or whose learners have no kernel for
    ///   the device, type and shape.
    public init(_ model: AdaptiveModel, like inputs: ModelInputs, budget: Double = 1) throws {
        let device = model.network.namedParameters().first?.tensor.device ?? .cpu
        let own = ModelInputs(try inputs.tensors.mapValues { try $0.to(device).clone() })
        var latest: (pass: AdaptivePass, names: [String]) = (AdaptivePass(), [])
        graph = try withoutGradients {
            try CapturedGraph(on: device) {
                let pass = AdaptivePass(budget: budget)
                let outputs = try model(own, pass)
                latest = (pass, outputs.tensors.map(\.name))
                return outputs.tensors.map(\.tensor)
            }
        }
        (pass, outputNames) = latest
        self.inputs = own
    }

    /// Copies the inputs to where the graph reads them and launches it, without waiting for the device.
    ///
    /// - Throws: `ModelError.invalidInput(_:)` for inputs of other names, sizes or types than it was recorded with.
    public func callAsFunction(_ inputs: ModelInputs) throws -> ModelOutputs {
        guard inputs.tensors.keys.sorted() == self.inputs.tensors.keys.sorted() else {
            throw ModelError.invalidInput(
                "The graph was recorded with \(self.inputs.tensors.keys.sorted()), found "
                    + "\(inputs.tensors.keys.sorted()).")
        }
        for (name, recorded) in self.inputs.tensors {
            let given = try inputs.required(name)
            guard given.shape == recorded.shape, given.dataType == recorded.dataType else {
                throw ModelError.invalidInput(
                    "The graph was recorded with \(name) \(recorded.dataType) \(recorded.shape), found "
                        + "\(given.dataType) \(given.shape).")
            }
            try recorded.copyInPlace(from: given)
        }
        try graph.replay()
        return ModelOutputs(Array(zip(outputNames, graph.results).map { (name: $0, tensor: $1) }))
    }
}
