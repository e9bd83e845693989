import Torch

/// One unit vector for each sample of a batch.
public enum SampleEmbedding {
    /// The last hidden states averaged over real tokens, or, where the model has no token mask, the
    /// first token's; divided by their Euclidean norm.
    ///
    /// A model that gives only logits must have run with `keepsHiddenStates`.
    ///
    /// - Returns: `[batch, width]` float32.
    /// - Throws: ``ModelError/missingOutput(_:found:)`` where there are no hidden states.
    /// - Source: Reimers & Gurevych 2019, section 3, for the mean.
    public static func of(_ outputs: ModelOutputs, _ pass: ForwardPass) throws -> Tensor {
        let states =
            try outputs["last_hidden_state"] ?? pass.hiddenStates.last
            ?? outputs.required("last_hidden_state")
        return try pooled(states.to(nil, .float32), mask: pass.tokenMask)
    }

    /// - Parameters: `states [batch, tokens, width]` float32, `mask [batch, tokens]` bool.
    public static func pooled(_ states: Tensor, mask: Tensor?) throws -> Tensor {
        let vectors: Tensor  // [batch, width]
        if let mask {
            let weights = try mask.to(nil, .float32).unsqueezed(-1)  // [batch, tokens, 1]
            vectors = try (states * weights).sum(axis: 1) / weights.sum(axis: 1).clamped(minimum: 1)
        } else {
            vectors = try states.select(0, axis: 1)
        }
        return try vectors / vectors.norm(axes: [-1], keepDimension: true).clamped(minimum: 1e-12)
    }
}
