import Foundation
import Preprocessing
import Torch
import Transformers

/// Opens the dataset that a path names, prepared for a model.
public enum DatasetFolder {
    /// - Parameters:
    ///   - modelFolder: where `config.json` and the tokenizer or `preprocessor_config.json` lie; a
    ///     classifier's classes are what labels count in.
    ///   - maximumLength: longer texts are cut to so many tokens, or to the model's positions if fewer.
    ///   - split: rows of a table to take; ignored for data without splits.
    /// - Throws: ``DatasetError`` and what tokenizer and files throw.
    public static func open(
        _ url: URL, modelFolder: URL, split: String? = nil, maximumLength: Int = 128
    ) throws -> any Dataset {
        switch url.pathExtension {
        case "tsv", "txt":
            let configuration = try JSONObjectReader(
                contentsOf: modelFolder.appendingPathComponent("config.json"))
            let positions = try configuration.integer(
                "max_position_embeddings", default: .max, in: 1...Int.max)
            return try TextDataset(
                TextTable(url, split: split), tokenizer: WordPieceTokenizer(folder: modelFolder),
                maximumLength: min(maximumLength, positions), classNames: ModelFolder.classNames(modelFolder),
                file: url.relativePath)
        case "safetensors":
            let file = modelFolder.appendingPathComponent("preprocessor_config.json")
            let known = FileManager.default.fileExists(atPath: file.path)
            let reader = try JSONObjectReader(
                known ? JSONValue(contentsOf: file) : [:], source: file.relativePath)
            return try ImageTensorDataset(
                url, mean: reader.doubles("image_mean", default: [0.5, 0.5, 0.5]),
                deviation: reader.doubles("image_std", default: [0.5, 0.5, 0.5]),
                classCount: ModelFolder.classNames(modelFolder)?.count)
        default:
            guard FileManager.default.fileExists(atPath: url.path) else {
                throw FileError.notFound(operation: "read", path: url.relativePath)
            }
            throw DatasetError.unknownKind(file: url.relativePath)
        }
    }
}
