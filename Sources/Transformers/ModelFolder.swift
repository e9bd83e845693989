import Foundation
import Torch

/// Reads dense models from Hugging Face folders.
public enum ModelFolder {
    /// - Parameters:
    ///   - folder: with `config.json` and the weights as safetensors.
    ///   - type: type of the parameters; nil keeps the files'.
    ///   - device: where the parameters are put.
    /// - Throws: ``ModelError``, `JSONError`, `SafetensorsError` or `FileError`.
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

    /// The architecture that a folder's `config.json` names.
    ///
    /// - Throws: ``ModelError``, `JSONError` or `FileError`.
    public static func architecture(_ folder: URL) throws -> Architecture {
        try Architecture(JSONObjectReader(contentsOf: folder.appendingPathComponent("config.json")))
    }

    /// The classes of a classifier in the order of its logits: `id2label`, or numbers where that is
    /// absent or has only placeholders, `LABEL_0` and so on; nil for other models.
    ///
    /// - Throws: ``ModelError``, `JSONError` or `FileError`.
    public static func classNames(_ folder: URL) throws -> [String]? {
        let reader = try JSONObjectReader(contentsOf: folder.appendingPathComponent("config.json"))
        return try Architecture(reader).task == .classification ? reader.classNames() : nil
    }

    /// The dense model that a `config.json` describes, with undefined parameters.
    ///
    /// - Parameters:
    ///   - configuration: the file's content.
    ///   - source: the file's name, for messages.
    ///   - hasTensor: whether the checkpoint has a name.
    public static func makeModel(
        configuration: JSONValue, source: String, hasTensor: (String) -> Bool
    ) throws -> any TransformerModel {
        let reader = try JSONObjectReader(configuration, source: source)
        let architecture = try Architecture(reader)
        do {
            return try withoutActuallyEscaping(hasTensor) { hasTensor in
                try architecture.make(
                    ModelDescription(configuration: configuration, reader: reader, hasTensor: hasTensor))
            }
        } catch TorchError.outOfMemory(let reason) {
            throw ModelError.tooLarge(file: source, reason)
        }
    }
}
