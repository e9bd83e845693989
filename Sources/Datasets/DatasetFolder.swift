import Foundation
import Preprocessing
import Torch
import Transformers

/// What the labels of a dataset count in.
public enum LabelClasses: Sendable, Equatable {
    /// The model's classes where it is a classifier, else those of the data.
    case model
    /// The classes of the data, whatever the model's are.
    case data
    /// Given ones, in the order of the labels.
    case names([String])

    /// nil for those of the data.
    func names(of modelFolder: URL) throws -> [String]? {
        switch self {
        case .model: try ModelFolder.classNames(modelFolder)
        case .data: nil
        case .names(let names): names
        }
    }
}

/// Opens the dataset that a path names, prepared for a model.
public enum DatasetFolder {
    /// - Parameters:
    ///   - url: a file, a folder, or shards by a name with braces (see ``DatasetLayout``).
    ///   - modelFolder: where `config.json` and the tokenizer or `preprocessor_config.json` lie; a
    ///     classifier's classes are what labels count in.
    ///   - maximumLength: longer texts are cut to so many tokens, or to the model's positions if fewer.
    ///   - split: the part to take: rows of a table by its `split` column, a folder such as `train`, a
    ///     table of Common Voice, `corruption/severity`; ignored for data without parts.
    ///   - transform: how images are brought to the model's size.
    ///   - language: of the texts of recordings, by its code; see ``AudioFrontEnd/of(_:language:letters:)``.
    ///   - source: what labels count in.
    ///   - letters: which labels the texts of recordings give for a recogniser of letters.
    ///   - badSamples: whether samples that cannot be read are left out.
    /// - Throws: ``DatasetError`` and what tokenizer and files throw.
    public static func open(
        _ url: URL, modelFolder: URL, split: String? = nil, maximumLength: Int = 128,
        transform: ImageTransform = .crop, language: String? = nil, classes source: LabelClasses = .model,
        letters: LetterLabels = .asModel, badSamples: BadSamples = BadSamples()
    ) throws -> any Dataset {
        func recordings(_ store: any SampleStore) throws -> AudioDataset {
            guard let audio = try AudioFrontEnd.of(modelFolder, language: language, letters: letters)
            else {
                throw DatasetError.unreadable(
                    file: url.relativePath,
                    "has recordings, but \(modelFolder.relativePath) is no model of sound")
            }
            return try AudioDataset(store, audio, badSamples: badSamples)
        }
        let layout = try DatasetLayout(url, split: split)
        let classes = try source.names(of: modelFolder)
        if let store = try Self.recordings(layout, badSamples) { return try recordings(store) }
        if let store = try images(layout, classes, badSamples) {
            if let shards = store as? TarShards, shards.isAudio { return try recordings(shards) }
            return try ImageDataset(
                store, ImagePreparation(modelFolder: modelFolder, transform: transform),
                badSamples: badSamples)
        }
        switch layout {
        case .text(let file):
            return try dataset(
                of: TextTable(file, split: split, badSamples: badSamples), modelFolder, maximumLength,
                classes,
                file: file.relativePath)
        case .packedImages(let file):
            return try packed(file, modelFolder, classes)
        default:
            throw DatasetError.unknownKind(file: url.relativePath)
        }
    }

    /// The encoded images that a path names.
    ///
    /// - Parameters:
    ///   - url: a folder or file that holds images, or the pattern of tar shards.
    ///   - modelFolder: whose classes labels count in; nil takes those of the data.
    ///   - split: the part that is wanted; see ``DatasetLayout/init(_:split:)``.
    ///   - badSamples: whether samples that cannot be read are left out.
    /// - Throws: ``DatasetError/unreadable(file:_:)`` for data that are no encoded images; what
    ///   ``open(_:modelFolder:split:maximumLength:transform:language:classes:letters:badSamples:)`` throws.
    public static func images(
        _ url: URL, modelFolder: URL? = nil, split: String? = nil, badSamples: BadSamples = BadSamples()
    ) throws -> any SampleStore {
        let (store, areRecordings) = try encoded(
            url, modelFolder: modelFolder, split: split, badSamples: badSamples)
        guard !areRecordings else {
            throw DatasetError.unreadable(file: url.relativePath, "has no encoded images")
        }
        return store
    }

    /// The encoded images or the recordings that a path names.
    ///
    /// - Parameters and throws: as ``images(_:modelFolder:split:badSamples:)``, for data that are neither.
    public static func encoded(
        _ url: URL, modelFolder: URL? = nil, split: String? = nil, badSamples: BadSamples = BadSamples()
    ) throws -> (store: any SampleStore, areRecordings: Bool) {
        let layout = try DatasetLayout(url, split: split)
        if let store = try recordings(layout, badSamples) { return (store, true) }
        guard let store = try images(layout, modelFolder.flatMap(ModelFolder.classNames), badSamples) else {
            throw DatasetError.unreadable(file: url.relativePath, "has no encoded images")
        }
        return (store, (store as? TarShards)?.isAudio == true)
    }

    /// nil for layouts that cannot have recordings, and for shards, which may.
    private static func recordings(
        _ layout: DatasetLayout, _ badSamples: BadSamples
    ) throws -> (any SampleStore)? {
        switch layout {
        case .commonVoice(let folder, let split):
            try CommonVoice.files(folder, split: split, badSamples: badSamples)
        case .audio(let folder, let names): SampleFiles(folder: folder, names: names)
        case .packedSpeech(let file): try PackedSpeech(file)
        case .text, .packedImages, .shards, .imageFolder, .imageNetValidation, .corruptedImages, .image: nil
        }
    }

    /// nil for layouts without encoded images; shards may hold audio.
    private static func images(
        _ layout: DatasetLayout, _ classes: [String]?, _ badSamples: BadSamples
    ) throws -> (any SampleStore)? {
        switch layout {
        case .shards(let urls): try TarShards(urls, modelClasses: classes, badSamples: badSamples)
        case .imageFolder(let folder), .corruptedImages(let folder):
            try ImageFolder.files(folder, modelClasses: classes, badSamples: badSamples)
        case .imageNetValidation(let folder):
            try ImageNetValidation.files(folder, modelClasses: classes, badSamples: badSamples)
        case .image(let file):
            SampleFiles(folder: file.deletingLastPathComponent(), names: [file.lastPathComponent])
        case .text, .packedImages, .packedSpeech, .commonVoice, .audio: nil
        }
    }

    /// Some texts, prepared for a model.
    ///
    /// - Throws: what the tokenizer throws.
    public static func texts(
        _ texts: [String], modelFolder: URL, maximumLength: Int = 128
    ) throws -> TextDataset {
        try dataset(
            of: TextTable(texts: texts), modelFolder, maximumLength, ModelFolder.classNames(modelFolder),
            file: "the texts")
    }

    private static func dataset(
        of table: TextTable, _ modelFolder: URL, _ maximumLength: Int, _ classes: [String]?, file: String
    ) throws -> TextDataset {
        let configuration = try JSONObjectReader(
            contentsOf: modelFolder.appendingPathComponent("config.json"))
        let positions = try configuration.integer("max_position_embeddings", default: .max, in: 1...Int.max)
        return try TextDataset(
            table, tokenizer: WordPieceTokenizer(folder: modelFolder),
            maximumLength: min(maximumLength, positions), classNames: classes, file: file)
    }

    private static func packed(
        _ url: URL, _ modelFolder: URL, _ classes: [String]?
    ) throws -> ImageTensorDataset {
        let file = modelFolder.appendingPathComponent("preprocessor_config.json")
        let hasProcessor = try ImagePreparation.hasProcessor(modelFolder)
        let value = hasProcessor ? try JSONValue(contentsOf: file) : [:]
        let reader = try JSONObjectReader(value, source: file.relativePath)
        // As for encoded images: a ViT's own size.
        let configuration = modelFolder.appendingPathComponent("config.json")
        let ownSize = hasProcessor ? nil : try JSONValue(contentsOf: configuration)["image_size"]
        let size = value["crop_size"] ?? value["size"] ?? ownSize
        return try ImageTensorDataset(
            url, mean: reader.doubles("image_mean", default: [0.5, 0.5, 0.5]),
            deviation: reader.doubles("image_std", default: [0.5, 0.5, 0.5]),
            size: size?["height"]?.integerValue ?? size?["shortest_edge"]?.integerValue ?? size?.integerValue,
            modelClasses: classes)
    }
}
