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
    /// - Parameters:
    ///   - student: what the model in training gave.
    ///   - teacher: what the dense model gave; nil where it has no part.
    ///   - labels: of the samples, as the kind of model has them.
    ///   - options: how labels and teacher are mixed.
    ///   - shares: what the means count for, where the samples are a part of a batch; nil for a whole one.
    public func loss(
        student: (outputs: ModelOutputs, pass: ForwardPass),
        teacher: (outputs: ModelOutputs, pass: ForwardPass)?,
        labels: Tensor?, _ options: ConversionOptions.Finetuning, shares: ObjectiveCounts? = nil
    ) throws -> Tensor {
        switch self {
        case .classification:
            let logits = try student.outputs.required("logits").to(nil, .float32)
            let share = options.distillationWeight
            var parts: [Tensor] = []
            if share < 1 {
                guard let labels else { throw Self.noLabels }
                let loss = try Loss.crossEntropy(logits, labels, smoothing: options.labelSmoothing)
                parts.append(try loss.scaled(by: shares?.labels) * (1 - share))
            }
            if share > 0, let teacher {
                let target = try teacher.outputs.required("logits").to(nil, .float32)
                let loss = try Loss.distillation(
                    logits, teacher: target, temperature: options.distillationTemperature)
                parts.append(try loss.scaled(by: shares?.teacher) * share)
            }
            return try parts.dropFirst().reduce(parts[0]) { try $0 + $1 }
        case .ctc(let settings):
            return try Self.ctcLoss(
                settings, student: student, teacher: teacher, labels: labels, options, shares)
        case .generation:
            return try Self.generationLoss(
                student: student, teacher: teacher, labels: labels, options, shares)
        case .embedding:
            guard let teacher else { throw Self.noTeacher }
            let similarity = try Loss.cosineSimilarity(
                SampleEmbedding.of(student.outputs, student.pass),
                SampleEmbedding.of(teacher.outputs, teacher.pass))
            return try ((similarity.mean().negative() + 1) * 10).scaled(by: shares?.teacher)
        }
    }

    /// Looks before a run at what the loss will need.
    ///
    /// - Throws: ``ConversionError`` for labels or a teacher that phase III would miss.
    func require(_ options: ConversionOptions.Finetuning, hasLabels: Bool) throws {
        switch self {
        case .embedding: if options.distillationWeight == 0 { throw Self.noTeacher }
        case .classification, .ctc, .generation:
            if options.distillationWeight < 1, !hasLabels { throw Self.noLabels }
        }
    }

    static let noTeacher = ConversionError.option(
        "A model that gives embeddings learns from the dense model: finetuning.distillationWeight must be above 0"
    )

    static let noLabels = ConversionError.data(
        "The data has no labels; set finetuning.distillationWeight to 1 to learn from the dense model alone")
}
