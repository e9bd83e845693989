import Torch

extension BERTModel {
    /// The mean of the real tokens' states, scaled to length one: `[batch, width]`.
    ///
    /// A sequence without real tokens gives zeros.
    ///
    /// - Parameters:
    ///   - lastHiddenState: `[batch, tokens, width]`.
    ///   - mask: `[batch, tokens]`, other than 0 for real tokens; nil where all are.
    /// - Source: Reimers & Gurevych 2019, section 3, strategy MEAN.
    public static func sentenceEmbedding(
        _ lastHiddenState: Tensor, mask: Tensor?
    ) throws -> Tensor {
        let states = try lastHiddenState.to(nil, .float32)
        guard let mask else { return try normalised(states.mean(axis: 1)) }
        guard mask.shape == Array(states.shape.dropLast()) else {
            throw ModelError.invalidInput(
                "The mask must be [batch, tokens] of the states \(states.shape), found \(mask.shape).")
        }
        let padding = try mask.to(nil, .bool).logicalNot().unsqueezed(-1)  // [batch, tokens, 1]
        // The length of the sum's vector is not seen after scaling, so a sum does for the mean.
        return try normalised(states.masked(padding, value: 0).sum(axis: 1))
    }

    private static func normalised(_ vectors: Tensor) throws -> Tensor {
        try vectors / vectors.norm(axes: [-1], keepDimension: true).clamped(minimum: 1e-12)
    }
}
