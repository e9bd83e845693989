private enum Operators {
    static let crossEntropy = Operator("aten::cross_entropy_loss")
    static let binaryCrossEntropy = Operator("aten::binary_cross_entropy_with_logits")
    static let meanSquaredError = Operator("aten::mse_loss")
    static let divergence = Operator("aten::kl_div")
    static let cosine = Operator("aten::cosine_similarity")
}

/// Loss functions over tensors.
public enum Loss {
    /// Mean over the batch of `-log softmax(logits)[label]`.
    ///
    /// - Parameters:
    ///   - logits: `[batch, classes]`.
    ///   - labels: `[batch]` int64; -100 is left out of the mean.
    ///   - smoothing: share of each target that is spread over all classes.
    public static func crossEntropy(
        _ logits: Tensor, _ labels: Tensor, smoothing: Double = 0
    ) throws -> Tensor {
        try Operators.crossEntropy(
            .tensor(logits), .tensor(labels), .none, .int(1), .int(-100), .double(smoothing))
    }

    /// Mean of `-(t · log σ(x) + (1 - t) · log(1 - σ(x)))`.
    ///
    /// - Parameters:
    ///   - logits: x, of any shape.
    ///   - targets: t, 0…1, of the same shape.
    public static func binaryCrossEntropy(_ logits: Tensor, _ targets: Tensor) throws -> Tensor {
        try Operators.binaryCrossEntropy(.tensor(logits), .tensor(targets))
    }

    /// Mean of the squared differences.
    public static func meanSquaredError(_ input: Tensor, _ target: Tensor) throws -> Tensor {
        try Operators.meanSquaredError(.tensor(input), .tensor(target))
    }

    /// `T² · KL(softmax(teacher / T) ‖ softmax(student / T))`, mean over the batch.
    ///
    /// - Parameters:
    ///   - student: logits `[…, classes]`.
    ///   - teacher: logits of the same shape.
    ///   - temperature: T, above 0.
    ///   - mask: the leading axes, bool: only where it is true logits count in the mean; nil counts all.
    /// - Source: Hinton, Vinyals & Dean 2015, section 2.
    public static func distillation(
        _ student: Tensor, teacher: Tensor, temperature: Double, mask: Tensor? = nil
    ) throws -> Tensor {
        if let mask {
            // As a weighted mean, since picking rows would wait for the device.
            let each = try Operators.divergence(
                .tensor(try (student / temperature).logSoftmax()),
                .tensor(try (teacher / temperature).softmax()), .int(0)
            ).sum(axis: -1)
            let counted = try each.masked(mask.logicalNot(), value: 0).sum()
            return try counted / mask.to(nil, .float32).sum() * (temperature * temperature)
        }
        let batchMean = 1  // kl_div's `sum` is 2, `mean` 1 divides by all elements
        let classes = Double(try student.size(-1))
        let divergence = try Operators.divergence(
            .tensor(try (student / temperature).logSoftmax()),
            .tensor(try (teacher / temperature).softmax()), .int(batchMean))
        return try divergence * (classes * temperature * temperature)
    }

    /// Cosine of the angle between vectors of the last axis: `[…]`.
    public static func cosineSimilarity(_ first: Tensor, _ second: Tensor) throws -> Tensor {
        try Operators.cosine(.tensor(first), .tensor(second), .int(-1), .double(1e-8))
    }
}
