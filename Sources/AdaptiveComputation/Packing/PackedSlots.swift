import Torch
import Transformers

/// A linear layer for inference on a CPU, whose weights lie as its products read them.
///
/// - Input: `[…, inputWidth]` float32 or bfloat16; output: `[…, outputWidth]` of that type, without gradients.
public struct PackedLinear: Slot {
    public let inputWidth: Int
    public let outputWidth: Int
    private let packed: Tensor

    public init(_ linear: Linear, _ precision: PackedPrecision) throws {
        inputWidth = linear.inputWidth
        outputWidth = linear.outputWidth
        packed = try PackedOperators.packLinear(
            .tensor(linear.weight), .optionalTensor(linear.bias), .string(precision.rawValue))
        try linear.weight.pageOut()
    }

    public func callAsFunction(_ input: Tensor, at place: SlotPlace, _ pass: ForwardPass) throws -> Tensor {
        try PackedOperators.linear(.tensor(input), .tensor(packed))
    }

    public func callAsFunction(
        _ input: Tensor, addedTo residual: Tensor, at place: SlotPlace, _ pass: ForwardPass
    ) throws -> Tensor {
        try PackedOperators.linear(
            .tensor(input), .tensor(packed), .string(Activation.identity.operatorName), .tensor(residual))
    }
}

/// A dense feed-forward for inference on a CPU, whose hidden channels stay in the cache.
///
/// - Input: `[batch, tokens, width]` float32 or bfloat16; output: of the same shape and type, without gradients.
public struct PackedFeedForward: Slot {
    public let inputWidth: Int
    public let outputWidth: Int
    public let hiddenWidth: Int
    private let packed: Tensor

    public init(_ dense: FeedForward, _ precision: PackedPrecision) throws {
        inputWidth = dense.inputWidth
        outputWidth = dense.outputWidth
        hiddenWidth = dense.hiddenWidth
        packed = try PackedOperators.packGated(
            .tensor(dense.up.weight), .tensor(dense.up.bias ?? .zeros([hiddenWidth])),
            .tensor(dense.down.weight), .tensor(dense.down.bias ?? .zeros([outputWidth])), .int(1),
            .string(dense.activation.operatorName), .string(precision.rawValue))
        try dense.up.weight.pageOut()
        try dense.down.weight.pageOut()
    }

    public func callAsFunction(_ input: Tensor, at place: SlotPlace, _ pass: ForwardPass) throws -> Tensor {
        try run(input, residual: nil)
    }

    public func callAsFunction(
        _ input: Tensor, addedTo residual: Tensor, at place: SlotPlace, _ pass: ForwardPass
    ) throws -> Tensor {
        try run(input, residual: residual)
    }

    private func run(_ input: Tensor, residual: Tensor?) throws -> Tensor {
        let all = try Tensor.ones(Array(input.shape.dropLast()), .int64)
        return try PackedOperators.gated(
            .tensor(input), .tensor(all), .tensor(packed), .optionalTensor(residual))
    }
}
