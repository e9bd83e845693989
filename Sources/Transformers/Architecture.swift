import Torch

/// What a model's outputs are for.
public enum ModelTask: Sendable, Equatable {
    /// Hidden states, from which one vector for a sample can be made.
    case embedding
    /// Logits over classes.
    case classification
    /// Logits over a vocabulary and a blank for every frame, for connectionist temporal classification.
    case ctc
    /// Logits over the next token of a text, token by token.
    case generation
}

/// One architecture by the name that `config.json` gives it.
public struct Architecture: Sendable {
    public let name: String
    /// The `model_type` that goes with it.
    public let modelType: String
    public let task: ModelTask
    /// The dense model that a configuration describes, with undefined parameters.
    let make: @Sendable (ModelDescription) throws -> any TransformerModel

    init(
        _ name: String, modelType: String, task: ModelTask,
        make: @escaping @Sendable (ModelDescription) throws -> any TransformerModel
    ) {
        self.name = name
        self.modelType = modelType
        self.task = task
        self.make = make
    }

    /// All that can be read.
    public static let all =
        BERTModel.architectures + ViTModel.architectures + DINOv2Model.architectures
        + Wav2Vec2Model.architectures + WhisperModel.architectures

    /// The first of a configuration's `architectures`.
    ///
    /// - Throws: ``ModelError/unsupported(file:what:found:supported:)`` for one that is not known,
    ///   or whose `model_type` is another's.
    public init(_ reader: JSONObjectReader) throws {
        let name = try reader.optionalStrings("architectures")?.first ?? "none"
        guard let found = Self.all.first(where: { $0.name == name }) else {
            throw ModelError.unsupported(
                file: reader.source, what: "architecture", found: name, supported: Self.all.map(\.name))
        }
        let type = try reader.string("model_type", default: found.modelType)
        guard type == found.modelType else {
            throw ModelError.unsupported(
                file: reader.source, what: "model_type of a \(name)", found: type,
                supported: [found.modelType])
        }
        self = found
    }
}

/// What a dense model is made from.
struct ModelDescription {
    /// The whole of `config.json`.
    let configuration: JSONValue
    let reader: JSONObjectReader
    /// Whether the checkpoint has a name: parts that `config.json` does not tell of, such as
    /// poolers, are read where they are.
    let hasTensor: (String) -> Bool
}
