import Foundation
import Torch
import Transformers

/// The classifier that a training starts from: read from a folder, with a new head, or all new.
public struct DenseClassifier: Sendable {
    /// Where the parameters come from.
    public enum Source: Sendable, Equatable {
        /// A classifier, which keeps its classes.
        case whole
        /// A pretrained model, under a head for the classes of the data.
        case newHead
        /// No weights lie in the folder: all are drawn.
        case new
    }

    public let folder: URL
    public let source: Source
    /// Of the folder's model.
    private let architecture: Architecture
    private let classifier: Architecture

    /// - Parameters:
    ///   - folder: a Hugging Face folder with `config.json` and, unless all is to be new, weights.
    ///   - replacesHead: whether a classifier's head gives way to one for the classes of the data.
    /// - Throws: ``ConversionError/order(_:)`` for a converted model, `ModelError` for one that cannot be
    ///   trained as a classifier, `SafetensorsError` for weights in another format.
    public init(_ folder: URL, replacesHead: Bool = false) throws {
        let file = folder.appendingPathComponent("config.json")
        let configuration = try JSONValue(contentsOf: file)
        guard configuration["acm"] == nil else {
            throw ConversionError.order("\(folder.relativePath) is converted; train the dense model")
        }
        self.folder = folder
        architecture = try ModelFolder.architecture(folder)
        guard let classifier = architecture.classifier else {
            throw ModelError.unsupported(
                file: file.relativePath, what: "training as a classifier of", found: architecture.name,
                supported: Architecture.all.filter { $0.classifier?.name == $0.name }.map(\.name))
        }
        self.classifier = classifier
        if try Self.hasWeights(folder) {
            source = architecture.task == .classification && !replacesHead ? .whole : .newHead
        } else {
            source = .new
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

    /// The classifier with parameters in float32.
    ///
    /// A new head is what transformers' `AutoModelForSequenceClassification` and
    /// `AutoModelForImageClassification` put on the same checkpoint: BERT's pooler is kept, or drawn where
    /// there is none; ViT's and DeiT's is left out; the classifier is drawn.
    ///
    /// - Parameters:
    ///   - classNames: of the data, in the order of their labels.
    ///   - seed: decides what is drawn.
    ///   - device: where the parameters are.
    public func load(classNames: [String], seed: UInt64, device: Device) throws -> any TransformerModel {
        if source == .whole { return try ModelFolder.load(folder, device: device) }
        let file = folder.appendingPathComponent("config.json")
        let model = try ModelFolder.makeModel(
            configuration: JSONValue(contentsOf: file)
                .describingClassifier(classifier.name, classNames: classNames),
            source: file.relativePath, hasTensor: { _ in false })
        var drawn = Set(model.namedParameters().map(\.name))
        var known: [String: Tensor] = [:]
        if source == .newHead {
            let base = try ModelFolder.load(folder)
            known = Dictionary(
                base.namedParameters().map { ($0.name, $0.tensor) }, uniquingKeysWith: { first, _ in first })
            known = known.filter { !$0.key.hasPrefix("classifier.") }
            drawn.subtract(known.keys)
        }
        // On the host, so that the same is drawn for every device.
        try Runtime.seed(seed)
        try model.reset(only: drawn)
        for (name, parameter) in model.namedParameters() {
            if let tensor = known[name] { try parameter.adopt(tensor) }
        }
        try model.move(to: device)
        return model
    }
}
