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
        _ options: ConversionOptions.Finetuning, _ batch: BatchShare
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
            let mean = try Loss.crossEntropy(
                logits.flattened(from: 0, to: 1), labels.flattened(), smoothing: options.labelSmoothing)
            parts.append(try batch.mean(mean, of: learntCount(labels)) * (1 - share))
        }
        if share > 0, let teacher {
            let target = try teacher.outputs.required("logits").to(nil, .float32)
            let mask =
                try student.pass.tokenMasks[.decoder] ?? labels?.equals(-100).logicalNot()
                ?? .ones(tokens, .bool, device: logits.device)
            let mean = try Loss.distillation(
                logits.rows(where: mask), teacher: target.rows(where: mask),  // [real tokens, vocabulary]
                temperature: options.distillationTemperature)
            parts.append(try batch.mean(mean, of: mask.to(nil, .float32).sum()) * share)
        }
        return try parts.dropFirst().reduce(parts[0]) { try $0 + $1 }
    }
}
