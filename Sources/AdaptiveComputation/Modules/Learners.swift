import Torch

private enum Operators {
    static let gatedMLP = Operator("acm::gated_mlp")
    static let mlp = Operator("acm::mlp")
    static let linear = Operator("aten::linear")
}

/// The ordered learners of one adaptive module, packed into one two-layer network.
///
/// `H(z, k) = bias + Σ_{n ≤ k} w2_n · activation(w1_n · z + b1_n)`: with k learners it is a
/// two-layer network whose hidden width is cut to `k · learnerWidth`.
///
/// - Parameters: `w1 [learners · learnerWidth, inputWidth]`, `b1 [learners · learnerWidth]`,
///   `w2 [outputWidth, learners · learnerWidth]`, `bias [outputWidth]`.
/// - Source: Wójcik et al. 2025, section 3.1.
public struct Learners: Layer {
    public let w1: Tensor
    public let b1: Tensor
    public let w2: Tensor
    public let bias: Tensor
    public let count: Int
    public let learnerWidth: Int
    public let activation: Activation
    /// The weights as ``callAsFunction(_:choices:)`` reads them on a CPU, once they are packed; the parameters
    /// then have their shapes alone.
    let packed: Tensor?

    public init(
        inputWidth: Int, outputWidth: Int, count: Int, learnerWidth: Int, activation: Activation
    ) throws {
        let hidden = count * learnerWidth
        w1 = try .empty([hidden, inputWidth])
        b1 = try .empty([hidden])
        w2 = try .empty([outputWidth, hidden])
        bias = try .empty([outputWidth])
        self.count = count
        self.learnerWidth = learnerWidth
        self.activation = activation
        packed = nil
    }

    private init(_ learners: Learners, packed: Tensor) throws {
        func shape(_ tensor: Tensor) throws -> Tensor { try Tensor.zeros([]).expanded(tensor.shape) }
        (w1, b1) = (try shape(learners.w1), try shape(learners.b1))
        (w2, bias) = (try shape(learners.w2), try shape(learners.bias))
        (count, learnerWidth, activation) = (learners.count, learners.learnerWidth, learners.activation)
        self.packed = packed
    }

    /// The same learners for inference on a CPU.
    func packed(_ precision: PackedPrecision) throws -> Learners {
        let packed = try PackedOperators.packGated(
            .tensor(w1), .tensor(b1), .tensor(w2), .tensor(bias), .int(count),
            .string(activation.operatorName), .string(precision.rawValue))
        try w1.pageOut()
        try w2.pageOut()
        return try Learners(self, packed: packed)
    }

    public var parameters: [(name: String, tensor: Tensor)] {
        [("w1", w1), ("b1", b1), ("w2", w2), ("bias", bias)]
    }

    /// Runs only the learners that were chosen.
    ///
    /// - Parameters: `input [batch, tokens, inputWidth]`, `choices [batch, tokens]` int64, and `residual
    ///   [batch, tokens, outputWidth]`, which the outputs are added to; `areAll` says that every choice is
    ///   ``count``: then nothing is sorted.
    /// - Returns: `[batch, tokens, outputWidth]`.
    public func callAsFunction(
        _ input: Tensor, choices: Tensor, areAll: Bool = false, addedTo residual: Tensor? = nil
    ) throws -> Tensor {
        if let packed {
            return try PackedOperators.gated(
                .tensor(input), .tensor(choices), .tensor(packed), .optionalTensor(residual))
        }
        let type = w1.dataType
        let input = try input.to(nil, type)
        let name = activation.operatorName
        let output =
            try areAll
            ? Operators.mlp(
                .tensor(input), .tensor(w1), .tensor(b1), .tensor(w2), .tensor(bias), .string(name))
            : Operators.gatedMLP(
                .tensor(input), .tensor(choices), .tensor(w1), .tensor(b1), .tensor(w2), .tensor(bias),
                .int(count), .string(name))
        return try residual.map { try $0 + output } ?? output
    }

    /// `bias + Σ_n tails_n · s_n(z)`: the training form, which carries the gradient of the task
    /// to the gate.
    ///
    /// - Parameters: `input [batch, tokens, inputWidth]`, `tails [batch, tokens, learners]`.
    /// - Returns: `[batch, tokens, outputWidth]`.
    public func callAsFunction(_ input: Tensor, tails: Tensor) throws -> Tensor {
        let hidden = try hidden(input)  // [batch, tokens, learners, learnerWidth]
        let weighted = try (hidden * tails.to(nil, hidden.dataType).unsqueezed(-1)).flattened(from: -2)
        return try Operators.linear(.tensor(weighted), .tensor(w2), .tensor(bias))
    }

    /// `H(z, n)` for every n from 1 to ``count``.
    ///
    /// - Parameter input: `[rows, inputWidth]`.
    /// - Returns: `[learners, rows, outputWidth]`.
    public func prefixes(_ input: Tensor) throws -> Tensor {
        try outputs(input).cumulativeSum(axis: 0) + bias
    }

    /// ``prefixes(_:)`` in which each learner's gradient takes those before it as constants.
    public func greedyPrefixes(_ input: Tensor) throws -> Tensor {
        let outputs = try outputs(input)
        let before = try outputs.cumulativeSum(axis: 0) - outputs
        return try before.detach() + outputs + bias
    }

    /// `s_n(z)` of each learner: `[learners, rows, outputWidth]`.
    private func outputs(_ input: Tensor) throws -> Tensor {
        let hidden = try hidden(input).transposed(0, 1)  // [learners, rows, learnerWidth]
        let weights = try w2.reshaped([-1, count, learnerWidth])
            .permuted([1, 2, 0])  // [learners, learnerWidth, outputWidth]
        return try hidden.matmul(weights)
    }

    private func hidden(_ input: Tensor) throws -> Tensor {
        try activation(Operators.linear(.tensor(input), .tensor(w1), .tensor(b1)))
            .reshaped(input.shape.dropLast() + [count, learnerWidth])
    }

    /// Draws each learner as two fresh layers, uniform over ±1/√(inputs), and a zero bias.
    public func reset() throws {
        let first = 1 / Double(max(w1.shape[1], 1)).squareRoot()
        let second = 1 / Double(max(learnerWidth, 1)).squareRoot()
        try withoutGradients {
            try w1.fillUniformInPlace(-first..<first)
            try b1.fillUniformInPlace(-first..<first)
            try w2.fillUniformInPlace(-second..<second)
            try bias.fillInPlace(0)
        }
    }
}
