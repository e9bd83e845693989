import Torch

/// `down(silu(x · W_gate) ⊙ (x · W_up))`, a dense feed-forward of three matrices.
///
/// - Input: `[batch, tokens, width]`; output: the same shape.
/// - Parameters: `gateAndUp [2 · hiddenWidth, width]`, the gate's rows first, and
///   `down [width, hiddenWidth]`.
/// - Source: Shazeer 2020, equation 6.
public struct SwiGLUFeedForward: Slot {
    public let gateAndUp: Linear
    public let down: Linear

    public init(width: Int, hiddenWidth: Int) throws {
        gateAndUp = try Linear(inputWidth: width, outputWidth: 2 * hiddenWidth)
        down = try Linear(inputWidth: hiddenWidth, outputWidth: width)
    }

    public var children: [(name: String, layer: any Layer)] {
        [("gateAndUp", gateAndUp), ("down", down)]
    }
    public var inputWidth: Int { gateAndUp.inputWidth }
    public var outputWidth: Int { down.outputWidth }
    public var hiddenWidth: Int { down.inputWidth }

    public func callAsFunction(
        _ input: Tensor, at place: SlotPlace, _ pass: ForwardPass
    ) throws -> Tensor {
        let both = try gateAndUp(input)  // [batch, tokens, 2 · hiddenWidth]
        let gate = try both.slice(0..<hiddenWidth, axis: -1)
        return try down(gate.silu() * both.slice(hiddenWidth..<2 * hiddenWidth, axis: -1))
    }
}
