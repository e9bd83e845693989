private enum Operators {
    static let linear = Operator("aten::linear")
}

/// `y = x · weightᵀ + bias`
///
/// - Input: `[…, inputWidth]`; output: `[…, outputWidth]`.
/// - Parameters: `weight [outputWidth, inputWidth]`, `bias [outputWidth]` unless left out; both
///   undefined until they are loaded or ``reset()``.
public struct Linear: Layer {
    public let weight: Tensor
    public let bias: Tensor?

    public init(inputWidth: Int, outputWidth: Int, hasBias: Bool = true) throws {
        weight = try .empty([outputWidth, inputWidth])
        bias = hasBias ? try .empty([outputWidth]) : nil
    }

    public var parameters: [(name: String, tensor: Tensor)] {
        [("weight", weight)] + (bias.map { [("bias", $0)] } ?? [])
    }

    public var inputWidth: Int { weight.shape[1] }
    public var outputWidth: Int { weight.shape[0] }

    public func callAsFunction(_ input: Tensor) throws -> Tensor {
        try Operators.linear(.tensor(input), .tensor(weight), .optionalTensor(bias))
    }

    /// Draws both from the uniform distribution over ±1/√inputWidth.
    public func reset() throws {
        let bound = 1 / Double(max(inputWidth, 1)).squareRoot()
        try withoutGradients {
            try weight.fillUniformInPlace(-bound..<bound)
            try bias?.fillUniformInPlace(-bound..<bound)
        }
    }
}
