import Torch

/// A pretrained model whose blocks have slots.
public protocol TransformerModel: Layer {
    /// The whole of `config.json`, as it was read.
    var configuration: JSONValue { get set }
    /// What the checkpoint calls each of the model's paths.
    var nameTable: NameTable { get }
    var dimensions: ModelDimensions { get }
    /// The slot at a place; nil where the model has none.
    func slot(at place: SlotPlace) -> (any Slot)?
    /// Puts another slot of the same widths in a place.
    mutating func replaceSlot(at place: SlotPlace, with slot: any Slot) throws
    /// Hugging Face's names of the inputs that the model takes, the required ones first.
    var inputNames: [String] { get }
    /// Runs the model on inputs by their Hugging Face names.
    func callAsFunction(_ inputs: ModelInputs, _ pass: ForwardPass) throws -> ModelOutputs
}

extension TransformerModel {
    /// All places that have a slot, block by block.
    public var slotPlaces: [SlotPlace] {
        dimensions.stacks.flatMap { sizes in
            (0..<sizes.blockCount).flatMap { block in
                SlotKind.allCases.map { SlotPlace(stack: sizes.stack, block: block, kind: $0) }
            }
        }.filter { slot(at: $0) != nil }
    }

    /// What a pass kept, by the names that transformers gives it: `hidden_states.0` for the output of
    /// the embeddings, with `encoder_` or `decoder_` before it where there are several stacks.
    public func namedHiddenStates(_ pass: ForwardPass) -> [(name: String, tensor: Tensor)] {
        let stacks = dimensions.stacks.map(\.stack)
        return stacks.flatMap { stack in
            let prefix = stacks.count > 1 ? "\(stack.rawValue)_" : ""
            return pass.hiddenStates(of: stack).enumerated().map { ("\(prefix)hidden_states.\($0)", $1) }
        }
    }

    /// All parameters by their checkpoint names.
    public func checkpointParameters() throws -> [(name: String, tensor: Tensor)] {
        try namedParameters().map { (try nameTable.checkpointName(of: $0.name), $0.tensor) }
    }
}

/// Tensors by Hugging Face's input names.
public struct ModelInputs: Sendable {
    public var tensors: [String: Tensor]

    public init(_ tensors: [String: Tensor]) { self.tensors = tensors }

    /// - Throws: ``ModelError/missingInput(_:found:)``.
    public func required(_ name: String) throws -> Tensor {
        guard let tensor = tensors[name] else {
            throw ModelError.missingInput(name, found: tensors.keys.sorted())
        }
        return tensor
    }

    public subscript(name: String) -> Tensor? { tensors[name] }

    /// Samples: entries of the first axis, which all inputs share.
    public var sampleCount: Int { tensors.values.first?.shape.first ?? 0 }

    /// The inputs on a device; floating-point ones in `type`.
    public func to(_ device: Device, _ type: DataType? = nil) throws -> ModelInputs {
        ModelInputs(
            try tensors.mapValues { try $0.to(device, $0.dataType.isFloatingPoint ? type : nil) })
    }
}

/// Tensors by Hugging Face's output names, in their order.
public struct ModelOutputs: Sendable {
    public var tensors: [(name: String, tensor: Tensor)]

    public init(_ tensors: [(name: String, tensor: Tensor)]) { self.tensors = tensors }

    public subscript(name: String) -> Tensor? { tensors.first { $0.name == name }?.tensor }

    /// - Throws: ``ModelError/missingOutput(_:found:)``.
    public func required(_ name: String) throws -> Tensor {
        guard let tensor = self[name] else {
            throw ModelError.missingOutput(name, found: tensors.map(\.name))
        }
        return tensor
    }
}
