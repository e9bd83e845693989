import Torch

/// One unit vector for each sample of a batch.
public enum SampleEmbedding {
    /// Which tokens a vector is made from.
    public enum Pooling: String, Sendable, CaseIterable {
        /// The mean of real tokens, or, where the model has no token mask, the first token.
        case standard
        /// The mean of real tokens, of an image that of its patches alone.
        case mean
    }

    /// The last hidden states, of an encoder–decoder the encoder's, pooled and divided by their
    /// Euclidean norm; the states of an encoder–decoder give their mean.
    ///
    /// A model that gives only logits must have run with `keepsHiddenStates`.
    ///
    /// - Returns: `[batch, width]` float32.
    /// - Throws: ``ModelError/missingOutput(_:found:)`` where there are no hidden states.
    /// - Source: Reimers & Gurevych 2019, section 3, for the mean.
    public static func of(
        _ outputs: ModelOutputs, _ pass: ForwardPass, pooling: Pooling = .standard
    ) throws -> Tensor {
        let encoderStates = outputs["encoder_last_hidden_state"]
        var states =
            try
            (encoderStates ?? outputs["last_hidden_state"] ?? pass.hiddenStates.last
            ?? outputs.required("last_hidden_state")).to(nil, .float32)
        guard pass.tokenMask == nil, pooling == .mean || encoderStates != nil else {
            return try pooled(states, mask: pass.tokenMask)
        }
        states = try states.slice(pass.leadingTokenCount..<states.size(1), axis: 1)
        return try normalised(states.mean(axis: 1))
    }

    /// The mean of the tokens where `mask` is true, or without a mask the first token.
    ///
    /// - Parameters: `states [batch, tokens, width]` float32, `mask [batch, tokens]` bool.
    public static func pooled(_ states: Tensor, mask: Tensor?) throws -> Tensor {
        guard let mask else { return try normalised(states.select(0, axis: 1)) }
        let weights = try mask.to(nil, .float32).unsqueezed(-1)  // [batch, tokens, 1]
        return try normalised((states * weights).sum(axis: 1) / weights.sum(axis: 1).clamped(minimum: 1))
    }

    private static func normalised(_ vectors: Tensor) throws -> Tensor {
        try vectors / vectors.norm(axes: [-1], keepDimension: true).clamped(minimum: 1e-12)
    }
}
