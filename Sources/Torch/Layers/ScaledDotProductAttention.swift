private enum Operators {
    static let attention = Operator("aten::scaled_dot_product_attention")
}

/// `softmax(query · keyᵀ / √headWidth + mask) · value`, by libtorch's fused kernels.
///
/// - Parameters:
///   - query: `[batch, heads, tokens, headWidth]`.
///   - key: of the same shape.
///   - value: of the same shape.
///   - mask: bool, broadcast to `[batch, heads, tokens, tokens]`; false is left out;
///     or of the query's type, added to the scores.
/// - Returns: `[batch, heads, tokens, headWidth]`.
/// - Source: Vaswani et al. 2017, equation 1.
public func scaledDotProductAttention(
    query: Tensor, key: Tensor, value: Tensor, mask: Tensor? = nil
) throws -> Tensor {
    try Operators.attention(.tensor(query), .tensor(key), .tensor(value), .optionalTensor(mask))
}
