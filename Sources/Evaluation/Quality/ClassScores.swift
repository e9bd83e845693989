import Torch

/// How a classifier did on each sample of a batch.
enum ClassScores {
    /// - Parameters: `logits [batch, classes]`, `labels [batch]` int64.
    /// - Returns: `prediction`, `confidence`, `top1`, `top5` and `loss`, a number for each sample.
    /// - Throws: ``EvaluationError/mismatch(_:)`` for labels of another shape.
    static func of(_ logits: Tensor, labels: Tensor) throws -> [Measure: [Float]] {
        guard logits.rank == 2, labels.shape == [logits.shape[0]] else {
            throw EvaluationError.mismatch(
                "Accuracy needs logits [batch, classes] and labels [batch], found \(logits.shape) and \(labels.shape)"
            )
        }
        let scores = try logits.to(nil, .float32)
        let logarithms = try scores.logSoftmax()  // [batch, classes]
        let likeliest = try scores.largest(min(5, logits.shape[1])).indices  // [batch, 5]
        let predictions = try scores.argMax(axis: -1)  // [batch]
        let column = try labels.unsqueezed(-1)  // [batch, 1]
        func numbers(_ tensor: Tensor) throws -> [Float] {
            try tensor.to(.cpu, .float32).array(of: Float.self)
        }
        return [
            .prediction: try numbers(predictions),
            .confidence: try numbers(logarithms.maximum(axes: [-1]).exponential()),
            .top1: try numbers(predictions.equals(labels)),
            .top5: try numbers(likeliest.equals(column).anyTrue(axis: -1)),
            .loss: try numbers(logarithms.gathered(column, axis: -1).squeezed(-1).negative()),
        ]
    }
}
