import AdaptiveComputation
import Torch
import Transformers

extension Objective {
    /// Teacher-forced: cross-entropy of each next token, and the divergence from the teacher's distribution
    /// of it; means over real tokens.
    ///
    /// - Parameter labels: `[batch, tokens]` int64, what comes after each of the decoder's tokens; -100 for
    ///   padding and for tokens that are not learnt.
    static func generationLoss(
        student: (outputs: ModelOutputs, pass: ForwardPass),
        teacher: (outputs: ModelOutputs, pass: ForwardPass)?, labels: Tensor?,
        _ options: ConversionOptions.Finetuning, _ shares: ObjectiveCounts?
    ) throws -> Tensor {
        let logits = try student.outputs.required("logits").to(nil, .float32)  // [batch, tokens, vocabulary]
        let tokens = Array(logits.shape.prefix(2))
        let share = options.distillationWeight
        var parts: [Tensor] = []
        if let labels, labels.shape != tokens {
            throw ConversionError.data(
                "Labels of a text must have the shape of its tokens, \(tokens), found \(labels.shape)")
        }
        if share < 1 {
            guard let labels else { throw noLabels }
            let loss = try Loss.crossEntropy(
                logits.flattened(from: 0, to: 1), labels.flattened(), smoothing: options.labelSmoothing)
            parts.append(try loss.scaled(by: shares?.labels) * (1 - share))
        }
        if share > 0, let teacher {
            let target = try teacher.outputs.required("logits").to(nil, .float32)
            let loss = try Loss.distillation(
                logits, teacher: target, temperature: options.distillationTemperature,
                mask: realTokens(student, labels: labels))
            parts.append(try loss.scaled(by: shares?.teacher) * share)
        }
        return try parts.dropFirst().reduce(parts[0]) { try $0 + $1 }
    }

    /// `[batch, tokens]` bool, false for padding: by the model's mask, else by the labels.
    static func realTokens(
        _ student: (outputs: ModelOutputs, pass: ForwardPass), labels: Tensor?
    ) throws -> Tensor {
        let logits = try student.outputs.required("logits")
        return try student.pass.tokenMasks[.decoder] ?? labels?.equals(-100).logicalNot()
            ?? .ones(Array(logits.shape.prefix(2)), .bool, device: logits.device)
    }
}
