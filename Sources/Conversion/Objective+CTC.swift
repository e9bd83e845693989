import AdaptiveComputation
import Torch
import Transformers

extension Objective {
    /// - Parameter labels: `[batch, labels]` int64, -100 behind the last of a row.
    static func ctcLoss(
        _ settings: CTCSettings, student: (outputs: ModelOutputs, pass: ForwardPass),
        teacher: (outputs: ModelOutputs, pass: ForwardPass)?, labels: Tensor?,
        _ options: ConversionOptions.Finetuning, _ shares: ObjectiveCounts?
    ) throws -> Tensor {
        let logits = try student.outputs.required("logits").to(nil, .float32)  // [batch, frames, classes]
        let mask = try realFrames(student)
        let share = options.distillationWeight
        var parts: [Tensor] = []
        if share < 1 {
            guard let labels else { throw noLabels }
            let loss = try Loss.ctc(
                logits, labels: labels, lengths: mask.to(nil, .int64).sum(axis: 1),
                blank: settings.blank, reduction: .mean, zeroInfinity: settings.zeroInfinity)
            parts.append(try loss.scaled(by: shares?.labels) * (1 - share))
        }
        if share > 0, let teacher {
            let target = try teacher.outputs.required("logits").to(nil, .float32)
            let loss = try Loss.distillation(
                logits, teacher: target, temperature: options.distillationTemperature, mask: mask)
            parts.append(try loss.scaled(by: shares?.teacher) * share)
        }
        return try parts.dropFirst().reduce(parts[0]) { try $0 + $1 }
    }

    /// `[batch, frames]` bool, false for padding.
    static func realFrames(_ student: (outputs: ModelOutputs, pass: ForwardPass)) throws -> Tensor {
        let logits = try student.outputs.required("logits")
        return try student.pass.tokenMask
            ?? .ones(Array(logits.shape.prefix(2)), .bool, device: logits.device)
    }
}
