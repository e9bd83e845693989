import AdaptiveComputation
import Datasets
import Foundation
import Preprocessing
import Torch
import Transformers

/// What a model says of one sample, and what it spent on it.
public struct Prediction: Sendable, Equatable {
    /// The likeliest classes, the first most likely; empty for a model without a classifier.
    public var classes: [(name: String, probability: Double)] = []
    /// See `SampleEmbedding`; empty for other models.
    public var embedding: [Double] = []
    /// What is said in a recording; nil for other models.
    public var transcript: String?
    /// What each token got; nil for a dense model.
    public var loads: TokenLoads?

    public static func == (left: Prediction, right: Prediction) -> Bool {
        left.classes.elementsEqual(right.classes, by: ==) && left.embedding == right.embedding
            && left.transcript == right.transcript && left.loads == right.loads
    }

    /// Keys: `load`, `tokens` and `token_loads` (null for a dense model), `classes` (objects with
    /// `name` and `probability`), `embedding`, `transcript` (null for what is no speech).
    public var json: JSONValue {
        [
            "load": loads.map { .number($0.load) } ?? .null,
            "tokens": loads.map { .array($0.tokens.map { .string($0) }) } ?? .null,
            "token_loads": loads.map { .array($0.loads.map { .number($0) }) } ?? .null,
            "classes": .array(
                classes.map { ["name": .string($0.name), "probability": .number($0.probability)] }),
            "embedding": .array(embedding.map { .number($0) }),
            "transcript": transcript.map { .string($0) } ?? .null,
        ]
    }

    /// Runs a model on some samples of a dataset.
    ///
    /// - Parameters:
    ///   - model: not one that generates texts: see `SpeechTranscriber`.
    ///   - dataset: where the samples' texts are.
    ///   - batch: the samples, on the model's device and in its type; those of the dataset that its
    ///     `indices` name.
    ///   - budget: the load that is asked for, 0…1.
    ///   - speller: makes texts of a speech model's logits.
    ///   - beamWidth: transcripts that the speller follows at once.
    ///   - classCount: how many classes to name at most.
    /// - Returns: one for each row.
    /// - Throws: ``EvaluationError/notFinite(_:)`` where the model's numbers are not.
    public static func make(
        _ model: AdaptiveModel, _ dataset: any Dataset, _ batch: Batch, budget: Double,
        speller: CTCTokenizer? = nil, beamWidth: Int = 1, classCount: Int = 5
    ) throws -> [Prediction] {
        let pass = AdaptivePass(budget: budget)
        let outputs = try withoutGradients { try model(batch.inputs, pass) }
        let loads = try loads(pass, model, dataset, batch.indices)
        let rows = batch.indices.indices
        guard let logits = try outputs["logits"]?.to(.cpu, .float32) else {
            let vectors = try SampleEmbedding.of(outputs, pass).requireFinite("embedding")
            return try rows.map {
                Prediction(embedding: try vectors.select($0, axis: 0).array(), loads: loads?[$0])
            }
        }
        try logits.requireFinite("logits")
        if let speller {
            let texts = try speller.transcribe(logits, mask: pass.tokenMask, beamWidth: beamWidth)
            return rows.map { Prediction(transcript: texts[$0], loads: loads?[$0]) }
        }
        let names = model.network.configuration["id2label"]
        let best = try logits.softmax().largest(min(classCount, logits.size(-1)))
        return try rows.map { row in
            let numbers = try best.indices.select(row, axis: 0).array(of: Int.self)
            let values = try best.values.select(row, axis: 0).array(of: Double.self)
            return Prediction(
                classes: zip(numbers, values).map { (names?["\($0)"]?.stringValue ?? "\($0)", $1) },
                loads: loads?[row])
        }
    }

    /// What the tokens of the first stack got in a pass that has run; nil for a dense model.
    static func loads(
        _ pass: AdaptivePass, _ model: AdaptiveModel, _ dataset: any Dataset, _ indices: [Int]
    ) throws -> [TokenLoads]? {
        guard let choices = pass.trace.first(where: { $0.place.tokenStack == .encoder })?.choices else {
            return nil
        }
        let tokens: [[String]]
        if let texts = dataset as? TextDataset {
            tokens = try indices.map(texts.tokens)
        } else {
            let counts =
                try pass.tokenCounts(sampleCount: indices.count)
                ?? Array(repeating: choices.size(1), count: indices.count)
            tokens = counts.map { (0..<$0).map(String.init) }
        }
        return try TokenLoads.read(pass, model, tokens: tokens)
    }
}
