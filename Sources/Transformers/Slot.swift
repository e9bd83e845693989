import Torch

private enum Operators {
    static let feedForward = Operator("acm::mlp")
}

/// What can stand in a block where its feed-forward or one of its projections stands.
///
/// - Input: `[batch, tokens, inputWidth]`; output: `[batch, tokens, outputWidth]`.
public protocol Slot: Layer {
    var inputWidth: Int { get }
    var outputWidth: Int { get }
    /// Applies the slot; `pass` has what it is told and takes what it reports.
    func callAsFunction(_ input: Tensor, at place: SlotPlace, _ pass: ForwardPass) throws -> Tensor
    /// `residual + slot(input)`, which a slot may compute as one; `residual` has the output's shape and type.
    func callAsFunction(
        _ input: Tensor, addedTo residual: Tensor, at place: SlotPlace, _ pass: ForwardPass
    ) throws -> Tensor
    /// `sum = residual + scale(input)`, or `residual + input` without a scale, and `slot(norm(sum))`, of which a slot
    /// may compute parts as one. All have one shape and type.
    func callAsFunction(
        _ input: Tensor, scaledBy scale: LayerScale?, addedTo residual: Tensor, normalisedBy norm: LayerNorm,
        at place: SlotPlace, _ pass: ForwardPass
    ) throws -> (sum: Tensor, output: Tensor)
}

extension Slot {
    public func callAsFunction(
        _ input: Tensor, addedTo residual: Tensor, at place: SlotPlace, _ pass: ForwardPass
    ) throws -> Tensor {
        try residual + self(input, at: place, pass)
    }

    public func callAsFunction(
        _ input: Tensor, scaledBy scale: LayerScale?, addedTo residual: Tensor, normalisedBy norm: LayerNorm,
        at place: SlotPlace, _ pass: ForwardPass
    ) throws -> (sum: Tensor, output: Tensor) {
        let (sum, normed) = try norm(input, scaledBy: scale, addedTo: residual)
        return (sum, try self(normed, at: place, pass))
    }
}

extension Linear: Slot {
    public func callAsFunction(
        _ input: Tensor, at place: SlotPlace, _ pass: ForwardPass
    ) throws -> Tensor {
        try self(input)
    }
}

/// `down(activation(up(x)))`, the dense feed-forward of a block.
///
/// - Input: `[batch, tokens, width]`; output: the same shape.
public struct FeedForward: Slot {
    public let up: Linear
    public let down: Linear
    public let activation: Activation

    public init(width: Int, hiddenWidth: Int, activation: Activation) throws {
        up = try Linear(inputWidth: width, outputWidth: hiddenWidth)
        down = try Linear(inputWidth: hiddenWidth, outputWidth: width)
        self.activation = activation
    }

    public var children: [(name: String, layer: any Layer)] { [("up", up), ("down", down)] }
    public var inputWidth: Int { up.inputWidth }
    public var outputWidth: Int { down.outputWidth }
    public var hiddenWidth: Int { up.outputWidth }

    public func callAsFunction(
        _ input: Tensor, at place: SlotPlace, _ pass: ForwardPass
    ) throws -> Tensor {
        guard let first = up.bias, let second = down.bias else { return try down(activation(up(input))) }
        return try Operators.feedForward(
            .tensor(input), .tensor(up.weight), .tensor(first), .tensor(down.weight), .tensor(second),
            .string(activation.operatorName))
    }
}
