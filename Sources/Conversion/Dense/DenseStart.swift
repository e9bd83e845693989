import Foundation
import Preprocessing
import Torch
import Transformers

/// What the training of a dense classifier or recogniser of speech starts from: a model read from a folder, one
/// with a new head, or all new.
public struct DenseStart: Sendable {
    /// Where the parameters come from.
    public enum Source: Sendable, Equatable {
        /// A model with its head, which keeps its classes or letters.
        case whole
        /// A pretrained model, under a head for the classes of the data or the letters of the vocabulary.
        case newHead
        /// No weights lie in the folder: all are drawn.
        case new
    }

    public let folder: URL
    public let source: Source
    /// Of what is trained: `classification` or `ctc`.
    public var task: ModelTask { trained.task }
    /// Of the folder's model.
    private let architecture: Architecture
    private let trained: Architecture
    /// Of a recogniser.
    private let letters: CTCTokenizer?

    /// - Parameters:
    ///   - folder: a Hugging Face folder with `config.json`, a recogniser's vocabulary and, unless all is to be
    ///     new, weights.
    ///   - replacesHead: whether a model's head gives way to one for the classes of the data, or for the letters
    ///     of the vocabulary.
    /// - Throws: ``ConversionError/order(_:)`` for a converted model, ``ConversionError/data(_:)`` for a
    ///   recogniser whose vocabulary is another, `ModelError` for one that can be trained as neither,
    ///   `PreprocessingError` for a vocabulary that is missing or malformed, `SafetensorsError` for weights in
    ///   another format.
    public init(_ folder: URL, replacesHead: Bool = false) throws {
        let file = folder.appendingPathComponent("config.json")
        let configuration = try JSONValue(contentsOf: file)
        guard configuration["acm"] == nil else {
            throw ConversionError.order("\(folder.relativePath) is converted; train the dense model")
        }
        self.folder = folder
        architecture = try ModelFolder.architecture(folder)
        guard let trained = architecture.classifier ?? architecture.recogniser else {
            throw ModelError.unsupported(
                file: file.relativePath, what: "training of", found: architecture.name,
                supported: Architecture.all.filter { ($0.classifier ?? $0.recogniser)?.name == $0.name }
                    .map(\.name))
        }
        self.trained = trained
        letters = trained.task == .ctc ? try CTCTokenizer(folder: folder) : nil
        if try Self.hasWeights(folder) {
            source = architecture.name == trained.name && !replacesHead ? .whole : .newHead
        } else {
            source = .new
        }
        if source == .whole, let letters { try Self.check(letters, configuration, file: file) }
    }

    /// - Throws: ``ConversionError/data(_:)`` unless the model's classes are the vocabulary's.
    private static func check(_ letters: CTCTokenizer, _ configuration: JSONValue, file: URL) throws {
        let path = file.relativePath
        let settings = try CTCSettings(JSONObjectReader(configuration, source: path))
        let classCount = configuration["vocab_size"]?.integerValue ?? 0
        guard classCount >= letters.classCount, settings.blank == letters.blankID else {
            throw ConversionError.data(
                "\(path) has \(classCount) classes with the blank \(settings.blank), the vocabulary beside it "
                    + "\(letters.classCount) with \(letters.blankID): put the model's own there, or give it a head "
                    + "for this one with --new-head")
        }
    }

    private static func hasWeights(_ folder: URL) throws -> Bool {
        do {
            _ = try SafetensorsCheckpoint(folder)
            return true
        } catch SafetensorsError.noWeights {
            return false
        }
    }

    /// The model with parameters in float32.
    ///
    /// A new head is what transformers' `AutoModelForSequenceClassification`,
    /// `AutoModelForImageClassification` and `AutoModelForCTC` put on the same checkpoint: BERT's pooler is
    /// kept, or drawn where there is none; ViT's and DeiT's is left out; the head is drawn.
    ///
    /// - Parameters:
    ///   - classNames: of the data, in the order of their labels; of no meaning for a recogniser.
    ///   - seed: decides what is drawn.
    ///   - device: where the parameters are.
    public func load(
        classNames: [String] = [], seed: UInt64, device: Device
    ) throws -> any TransformerModel {
        if source == .whole { return try ModelFolder.load(folder, device: device) }
        let file = folder.appendingPathComponent("config.json")
        let base = source == .newHead ? try ModelFolder.load(folder) : nil
        let known = Dictionary(
            (base?.namedParameters() ?? []).map { ($0.name, $0.tensor) },
            uniquingKeysWith: { first, _ in first }
        ).filter { !$0.key.hasPrefix("classifier.") && !$0.key.hasPrefix("head.") }
        let configuration = try description(JSONValue(contentsOf: file), classNames)
        let hides = try SpanMasking(JSONObjectReader(configuration, source: file.relativePath)).hides
        let model = try ModelFolder.makeModel(
            configuration: configuration, source: file.relativePath,
            hasTensor: {
                $0.hasSuffix("masked_spec_embed") && (hides || known["maskVector"] != nil)
            })
        let drawn = Set(model.namedParameters().map(\.name)).subtracting(known.keys)
        // On the host, so that the same is drawn for every device.
        try Runtime.seed(seed)
        try model.reset(only: drawn)
        for (name, parameter) in model.namedParameters() {
            if let tensor = known[name] { try parameter.adopt(tensor) }
        }
        try model.move(to: device)
        return model
    }

    private func description(_ configuration: JSONValue, _ classNames: [String]) -> JSONValue {
        guard let letters else {
            return configuration.describingClassifier(trained.name, classNames: classNames)
        }
        return configuration.describingRecogniser(
            trained.name, classCount: letters.classCount, blank: letters.blankID)
    }
}
