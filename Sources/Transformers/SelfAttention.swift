import Torch

/// Multi-head self-attention whose four projections are slots.
///
/// - Input: `[batch, tokens, width]`; output: the same shape, after the output projection.
/// - Source: Vaswani et al. 2017, section 3.2.
public struct SelfAttention: Layer {
    public var query: any Slot
    public var key: any Slot
    public var value: any Slot
    public var output: any Slot
    public let headCount: Int

    public init(width: Int, headCount: Int, hasBias: Bool = true) throws {
        query = try Linear(inputWidth: width, outputWidth: width, hasBias: hasBias)
        key = try Linear(inputWidth: width, outputWidth: width, hasBias: hasBias)
        value = try Linear(inputWidth: width, outputWidth: width, hasBias: hasBias)
        output = try Linear(inputWidth: width, outputWidth: width)
        self.headCount = headCount
    }

    public var children: [(name: String, layer: any Layer)] {
        [("query", query), ("key", key), ("value", value), ("output", output)]
    }

    /// The projection of a kind; nil for kinds that self-attention does not have.
    subscript(kind: SlotKind) -> (any Slot)? {
        get {
            switch kind {
            case .query: query
            case .key: key
            case .value: value
            case .output: output
            default: nil
            }
        }
        set {
            guard let newValue else { return }
            switch kind {
            case .query: query = newValue
            case .key: key = newValue
            case .value: value = newValue
            case .output: output = newValue
            default: break
            }
        }
    }

    /// - Parameter mask: `[batch, 1, 1, tokens]` bool; false is not attended to. Or `[batch, heads,
    ///   tokens, tokens]` of the input's type, added to the scores.
    public func callAsFunction(
        _ input: Tensor, block: Int, mask: Tensor?, _ pass: ForwardPass
    ) throws -> Tensor {
        func heads(_ slot: any Slot, _ kind: SlotKind) throws -> Tensor {
            try pass.run(slot, at: SlotPlace(block: block, kind: kind), input)
                .reshaped([input.size(0), input.size(1), headCount, slot.outputWidth / headCount])
                .transposed(1, 2)  // [batch, heads, tokens, headWidth]
        }
        let context = try scaledDotProductAttention(
            query: heads(query, .query), key: heads(key, .key), value: heads(value, .value), mask: mask
        )
        .transposed(1, 2)
        .reshaped(input.shape)  // [batch, tokens, width]
        return try pass.run(output, at: SlotPlace(block: block, kind: .output), context)
    }
}
