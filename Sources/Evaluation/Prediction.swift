import AdaptiveComputation
import Datasets
import Foundation
import Torch
import Transformers

/// What a model says of one sample, and what it spent on it.
public struct Prediction: Sendable, Equatable {
    /// The likeliest classes, the first most likely; empty for a model without a classifier.
    public let classes: [(name: String, probability: Double)]
    /// See `SampleEmbedding`; empty for a classifier.
    public let embedding: [Double]
    /// What each token got; nil for a dense model.
    public let loads: TokenLoads?

    public static func == (left: Prediction, right: Prediction) -> Bool {
        left.classes.elementsEqual(right.classes, by: ==) && left.embedding == right.embedding
            && left.loads == right.loads
    }

    /// Keys: `load`, `tokens` and `token_loads` (null for a dense model), `classes` (objects with
    /// `name` and `probability`), `embedding`.
    public var json: JSONValue {
        [
            "load": loads.map { .number($0.load) } ?? .null,
            "tokens": loads.map { .array($0.tokens.map { .string($0) }) } ?? .null,
            "token_loads": loads.map { .array($0.loads.map { .number($0) }) } ?? .null,
            "classes": .array(
                classes.map { ["name": .string($0.name), "probability": .number($0.probability)] }),
            "embedding": .array(embedding.map { .number($0) }),
        ]
    }

    /// Runs a model on some samples of a dataset.
    ///
    /// - Parameters:
    ///   - batch: the samples, on the model's device and in its type; those of the dataset that its
    ///     `indices` name.
    ///   - classCount: how many classes to name at most.
    /// - Returns: one for each row.
    public static func make(
        _ model: AdaptiveModel, _ dataset: any Dataset, _ batch: Batch, budget: Double, classCount: Int = 5
    ) throws -> [Prediction] {
        let indices = batch.indices
        let pass = AdaptivePass(budget: budget)
        let outputs = try withoutGradients { try model(batch.inputs, pass) }
        let loads = try pass.trace.isEmpty ? nil : TokenLoads.read(pass, model, tokens: tokens())
        func tokens() throws -> [[String]] {
            if let texts = dataset as? TextDataset { return try indices.map(texts.tokens) }
            let count = try pass.trace.first?.choices.size(1) ?? 0
            return Array(repeating: (0..<count).map(String.init), count: indices.count)
        }
        guard let logits = outputs["logits"] else {
            let vectors = try SampleEmbedding.of(outputs, pass)
            return try indices.indices.map { row in
                Prediction(
                    classes: [], embedding: try vectors.select(row, axis: 0).array(of: Double.self),
                    loads: loads?[row])
            }
        }
        let names = model.network.configuration["id2label"]
        let best = try logits.to(.cpu, .float32).softmax().largest(min(classCount, logits.size(-1)))
        return try indices.indices.map { row in
            let numbers = try best.indices.select(row, axis: 0).array(of: Int.self)
            let values = try best.values.select(row, axis: 0).array(of: Double.self)
            return Prediction(
                classes: zip(numbers, values).map { (names?["\($0)"]?.stringValue ?? "\($0)", $1) },
                embedding: [], loads: loads?[row])
        }
    }
}
