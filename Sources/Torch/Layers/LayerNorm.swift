private enum Operators {
    static let layerNorm = Operator("aten::layer_norm")
    static let addLayerNorm = Operator("acm::add_layer_norm")
}

/// `y = (x - mean) / sqrt(variance + epsilon) · weight + bias` over the last axis.
///
/// - Input: `[…, width]`; output: the same shape.
/// - Parameters: `weight [width]`, `bias [width]`.
/// - Source: Ba, Kiros & Hinton 2016, equation 4.
public struct LayerNorm: Layer {
    public let weight: Tensor
    public let bias: Tensor
    public let epsilon: Double
    private let width: Int

    public init(width: Int, epsilon: Double) throws {
        weight = try .empty([width])
        bias = try .empty([width])
        self.width = width
        self.epsilon = epsilon
    }

    public var parameters: [(name: String, tensor: Tensor)] { [("weight", weight), ("bias", bias)] }

    public func callAsFunction(_ input: Tensor) throws -> Tensor {
        try Operators.layerNorm(
            .tensor(input), .ints([width]), .tensor(weight), .tensor(bias), .double(epsilon))
    }

    /// `residual + scale(input)`, or `residual + input` without a scale, and its norm, on a GPU by one kernel;
    /// `residual` has the input's shape.
    public func callAsFunction(
        _ input: Tensor, scaledBy scale: LayerScale? = nil, addedTo residual: Tensor
    ) throws -> (sum: Tensor, normed: Tensor) {
        let results = try Operators.addLayerNorm.tensors(
            .tensor(input), .tensor(residual), .tensor(weight), .tensor(bias), .double(epsilon),
            .optionalTensor(scale?.scale), capacity: 2)
        return (results[0], results[1])
    }
}
