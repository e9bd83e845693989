private enum Operators {
    static let layerNorm = Operator("aten::layer_norm")
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
}
