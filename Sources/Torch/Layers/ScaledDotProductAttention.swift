private enum Operators {
    static let attention = Operator("acm::scaled_dot_product_attention")
    static let inference = Operator("acm::attention")
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
        .tensor(query), .tensor(key), .tensor(value), .optionalTensor(mask), .bool(isCausal))
}

/// The same of projections as they are, `[batch, tokens, channels]`, by our own kernels: without gradients,
/// float32 or bfloat16, on the CPU.
///
/// - Parameters:
///   - query: `[batch, tokens, headCount * headWidth]`.
///   - key: `[batch, otherTokens, headCount * headWidth]`.
///   - value: of the same shape as key.
///   - headCount: number of heads, which share the channels.
///   - mask: `[batch, otherTokens]`, bool; false is left out; or of the query's type, added to the scores.
/// - Returns: `[batch, tokens, headCount * headWidth]`; nil where these kernels do not do it.
public func attentionForInference(
    query: Tensor, key: Tensor, value: Tensor, headCount: Int, mask: Tensor? = nil
) throws -> Tensor? {
    let type = query.dataType
    guard query.device == .cpu, type == .float32 || type == .bfloat16, key.dataType == type,
        value.dataType == type, mask == nil || mask?.dataType == .bool || mask?.dataType == type,
        try !recordsGradients()
    else { return nil }
    return try Operators.inference(
        .tensor(query), .tensor(key), .tensor(value), .int(headCount), .optionalTensor(mask), .none)
}
