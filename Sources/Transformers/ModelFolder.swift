import Foundation
import Torch

/// Reads dense models from Hugging Face folders.
public enum ModelFolder {
    /// An architecture by the name that `config.json` gives it.
    public enum Architecture: String, Sendable, CaseIterable {
        case bert = "BertModel"
        case bertClassifier = "BertForSequenceClassification"
        /// Read as ``bert``; the head is left out.
        case bertMaskedLanguage = "BertForMaskedLM"
        /// Read as ``bert``; the heads are left out.
        case bertPreTraining = "BertForPreTraining"
        case vit = "ViTModel"
        case vitClassifier = "ViTForImageClassification"
        case deit = "DeiTModel"
        case deitClassifier = "DeiTForImageClassification"
        case deitWithTeacher = "DeiTForImageClassificationWithTeacher"

        /// Whether the model ends in logits over classes.
        public var isClassifier: Bool {
            switch self {
            case .bertClassifier, .vitClassifier, .deitClassifier, .deitWithTeacher: true
            default: false
            }
        }

        /// The `model_type` that goes with the architecture.
        public var modelType: String {
            switch self {
            case .bert, .bertClassifier, .bertMaskedLanguage, .bertPreTraining: "bert"
            case .vit, .vitClassifier: "vit"
            case .deit, .deitClassifier, .deitWithTeacher: "deit"
            }
        }
    }

    /// - Parameter type: type of the parameters; nil keeps the files'.
    /// - Throws: ``ModelError``, ``JSONError``, ``SafetensorsError`` or ``FileError``.
    public static func load(
        _ folder: URL, type: DataType? = .float32, device: Device = .cpu
    ) throws -> any TransformerModel {
        let file = folder.appendingPathComponent("config.json")
        let configuration = try JSONValue(contentsOf: file)
        let checkpoint = try SafetensorsCheckpoint(folder)
        let model = try makeModel(
            configuration: configuration, source: file.relativePath,
            hasTensor: { checkpoint.find($0) != nil })
        try model.load(checkpoint, from: folder, type: type, device: device)
        return model
    }

    /// The classes of a classifier in the order of its logits: `id2label`, or numbers where that is
    /// absent or has only placeholders, `LABEL_0` and so on; nil for other models.
    ///
    /// - Throws: ``ModelError``, ``JSONError`` or ``FileError``.
    public static func classNames(_ folder: URL) throws -> [String]? {
        let reader = try JSONObjectReader(contentsOf: folder.appendingPathComponent("config.json"))
        return try architecture(reader).isClassifier ? reader.classNames() : nil
    }

    /// The first of `architectures`.
    ///
    /// - Throws: ``ModelError/unsupported(file:what:found:supported:)`` for one that is not known,
    ///   or whose `model_type` is another's.
    public static func architecture(_ reader: JSONObjectReader) throws -> Architecture {
        let name = try reader.optionalStrings("architectures")?.first ?? "none"
        guard let architecture = Architecture(rawValue: name) else {
            throw ModelError.unsupported(
                file: reader.source, what: "architecture", found: name,
                supported: Architecture.allCases.map(\.rawValue))
        }
        let type = try reader.string("model_type", default: architecture.modelType)
        guard type == architecture.modelType else {
            throw ModelError.unsupported(
                file: reader.source, what: "model_type of a \(name)", found: type,
                supported: [architecture.modelType])
        }
        return architecture
    }

    /// The dense model that a `config.json` describes, with undefined parameters.
    ///
    /// - Parameters:
    ///   - source: the file's name, for messages.
    ///   - hasTensor: whether the checkpoint has a name: poolers are read where they are.
    public static func makeModel(
        configuration: JSONValue, source: String, hasTensor: (String) -> Bool
    ) throws -> any TransformerModel {
        let reader = try JSONObjectReader(configuration, source: source)
        let architecture = try architecture(reader)
        switch architecture {
        case .bert, .bertClassifier, .bertMaskedLanguage, .bertPreTraining:
            let isClassifier = architecture == .bertClassifier
            let prefix = architecture == .bert ? "" : "bert."
            let norm = "\(prefix)embeddings.LayerNorm"
            return try BERTModel(
                configuration: configuration, sizes: BERTConfiguration(reader),
                hasPooler: isClassifier || hasTensor("\(prefix)pooler.dense.weight"),
                classCount: isClassifier ? reader.classCount() : nil,
                nameTable: BERTModel.nameTable(
                    hasPrefix: architecture != .bert,
                    hasOldNorms: hasTensor("\(norm).gamma") && !hasTensor("\(norm).weight"),
                    dropsHeads: architecture == .bertMaskedLanguage || architecture == .bertPreTraining))
        case .vit, .vitClassifier, .deit, .deitClassifier, .deitWithTeacher:
            let head: ViTModel.Head =
                switch architecture {
                case .vitClassifier, .deitClassifier: .classifier(classCount: try reader.classCount())
                case .deitWithTeacher: .classifierWithTeacher(classCount: try reader.classCount())
                default: hasTensor("pooler.dense.weight") ? .pooler : .none
                }
            return try ViTModel(
                configuration: configuration, sizes: ViTConfiguration(reader),
                hasDistillationToken: architecture.modelType == "deit", head: head)
        }
    }
}
