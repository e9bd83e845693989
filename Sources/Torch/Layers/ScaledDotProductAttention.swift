private enum Operators {
    static let attention = Operator("aten::scaled_dot_product_attention")
}

/// `softmax(query · keyᵀ / √headWidth + mask) · value`, by libtorch's fused kernels.
///
/// - Parameters:
///   - query: `[batch, heads, tokens, headWidth]`.
///   - key: `[batch, heads, otherTokens, headWidth]`.
///   - value: of the same shape as key.
///   - mask: bool, broadcast to `[batch, heads, tokens, otherTokens]`; false is left out;
///     or of the query's type, added to the scores.
///   - isCausal: whether each token leaves out those after it; then there is no mask.
/// - Returns: `[batch, heads, tokens, headWidth]`.
/// - Source: Vaswani et al. 2017, equation 1.
public func scaledDotProductAttention(
    query: Tensor, key: Tensor, value: Tensor, mask: Tensor? = nil, isCausal: Bool = false
) throws -> Tensor {
    try Operators.attention(
        .tensor(query), .tensor(key), .tensor(value), .optionalTensor(mask), .double(0), .bool(isCausal))
}
