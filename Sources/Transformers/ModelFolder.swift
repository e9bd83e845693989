import Foundation
import Torch

/// Reads dense models from Hugging Face folders.
public enum ModelFolder {
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

    /// The dense model that a `config.json` describes, with undefined parameters.
    ///
    /// - Parameters:
    ///   - source: the file's name, for messages.
    ///   - hasTensor: whether the checkpoint has a name: poolers are read where they are.
    public static func makeModel(
        configuration: JSONValue, source: String, hasTensor: (String) -> Bool
    ) throws -> any TransformerModel {
        let reader = try JSONObjectReader(configuration, source: source)
        let architecture = try reader.optionalStrings("architectures")?.first ?? "none"
        switch architecture {
        case "BertModel":
            return try BERTModel(
                configuration: configuration, sizes: BERTConfiguration(reader),
                hasPooler: hasTensor("pooler.dense.weight"), classCount: nil)
        case "BertForSequenceClassification":
            return try BERTModel(
                configuration: configuration, sizes: BERTConfiguration(reader), hasPooler: true,
                classCount: classCount(reader))
        default:
            throw ModelError.unsupported(
                file: source, what: "architecture", found: architecture, supported: architectures)
        }
    }

    private static let architectures = ["BertModel", "BertForSequenceClassification"]

    /// `num_labels`, or the number of `id2label`'s entries, or 2 as in transformers.
    static func classCount(_ reader: JSONObjectReader) throws -> Int {
        if let count = try reader.optionalInteger("num_labels", in: 1...10_000_000) { return count }
        return try reader.optionalObject("id2label")?.object.keys.count ?? 2
    }
}
