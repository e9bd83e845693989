import AdaptiveComputation
import Torch
import Transformers

/// What the end of a model is trained for.
public enum Objective: Sendable, Equatable {
    /// Logits over classes.
    case classification
    /// One vector for a sample; see `SampleEmbedding`.
    case embedding
    /// Logits over a vocabulary and a blank for every frame.
    case ctc(CTCSettings)
    /// Logits over the next token of a text, token by token.
    case generation

    /// What a model's architecture is for.
    ///
    /// - Throws: `ModelError` or `JSONError` for a configuration that does not say.
    public init(_ network: any TransformerModel) throws {
        let reader = try JSONObjectReader(network.configuration, source: "config.json")
        self =
            switch try Architecture(reader).task {
            case .classification: .classification
            case .embedding: .embedding
            case .ctc: .ctc(try CTCSettings(reader))
            case .generation: .generation
            }
    }

    /// The loss of the student's outputs, mixed from labels and teacher.
    ///
    /// Classification: cross-entropy with the labels, and the divergence from the teacher's
    /// distribution. CTC: the loss of the labels by their number, mean over the samples, and the mean
    /// over real frames of the divergence from the teacher's distribution. Generation: as classification,
    /// of the next token, over real tokens. Embedding: one minus the cosine to the teacher's vector, times
    /// ten so that it weighs like the others.
    ///
    /// All means are over the whole batch, of which `share` tells what the outputs are.
    public func loss(
        student: (outputs: ModelOutputs, pass: ForwardPass),
        teacher: (outputs: ModelOutputs, pass: ForwardPass)?,
        labels: Tensor?, _ options: ConversionOptions.Finetuning, share batch: BatchShare = .whole
    ) throws -> Tensor {
        switch self {
        case .classification:
            let logits = try student.outputs.required("logits").to(nil, .float32)
            let share = options.distillationWeight
            var parts: [Tensor] = []
            if share < 1 {
                guard let labels else { throw Self.noLabels }
                let mean = try Loss.crossEntropy(logits, labels, smoothing: options.labelSmoothing)
                parts.append(try batch.mean(mean, of: Self.learntCount(labels)) * (1 - share))
            }
            if share > 0, let teacher {
                let target = try teacher.outputs.required("logits").to(nil, .float32)
                let mean = try Loss.distillation(
                    logits, teacher: target, temperature: options.distillationTemperature)
                parts.append(try batch.meanOverRows(mean) * share)
            }
            return try parts.dropFirst().reduce(parts[0]) { try $0 + $1 }
        case .ctc(let settings):
            return try Self.ctcLoss(
                settings, student: student, teacher: teacher, labels: labels, options, batch)
        case .generation:
            return try Self.generationLoss(
                student: student, teacher: teacher, labels: labels, options, batch)
        case .embedding:
            guard let teacher else {
                throw ConversionError.option(
                    "A model that gives embeddings learns from the dense model: finetuning.distillationWeight must be above 0"
                )
            }
            let similarity = try Loss.cosineSimilarity(
                SampleEmbedding.of(student.outputs, student.pass),
                SampleEmbedding.of(teacher.outputs, teacher.pass))
            return try (batch.meanOverRows(similarity.mean()).negative() + 1) * 10
        }
    }

    /// How many labels cross-entropy learns: those that are not -100, or all rows of shares of classes.
    static func learntCount(_ labels: Tensor) throws -> Tensor {
        guard labels.dataType == .int64 else { return try Tensor(scalar: Double(labels.size(0))) }
        return try labels.equals(-100).logicalNot().to(nil, .float32).sum()
    }

    static let noLabels = ConversionError.data(
        "The data has no labels; set finetuning.distillationWeight to 1 to learn from the dense model alone")
}
