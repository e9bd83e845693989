import Torch

/// Multi-head attention of a decoder's tokens to those of the encoder; its projections are slots.
///
/// - Input: `[batch, tokens, width]` and the encoder's `[batch, encoderTokens, width]`; output: the
///   shape of the first, after the output projection.
/// - Source: Vaswani et al. 2017, section 3.2.3.
public struct CrossAttention: Layer {
    public var query: any Slot
    public var key: any Slot
    public var value: any Slot
    public var output: any Slot
    public let headCount: Int

    /// - Parameters:
    ///   - width: of the states.
    ///   - headCount: number of heads, which share the width.
    ///   - hasKeyBias: whether the key has a bias; the others do.
    public init(width: Int, headCount: Int, hasKeyBias: Bool = true) throws {
        query = try Linear(inputWidth: width, outputWidth: width)
        key = try Linear(inputWidth: width, outputWidth: width, hasBias: hasKeyBias)
        value = try Linear(inputWidth: width, outputWidth: width)
        output = try Linear(inputWidth: width, outputWidth: width)
        self.headCount = headCount
    }

    public var children: [(name: String, layer: any Layer)] {
        [("query", query), ("key", key), ("value", value), ("output", output)]
    }

    /// The projection of a kind; nil for kinds that cross-attention does not have.
    subscript(kind: SlotKind) -> (any Slot)? {
        get {
            switch kind {
            case .crossQuery: query
            case .crossKey: key
            case .crossValue: value
            case .crossOutput: output
            default: nil
            }
        }
        set {
            guard let newValue else { return }
            switch kind {
            case .crossQuery: query = newValue
            case .crossKey: key = newValue
            case .crossValue: value = newValue
            case .crossOutput: output = newValue
            default: break
            }
        }
    }

    /// - Parameters:
    ///   - encoderStates: `[batch, encoderTokens, width]`; not looked at where `memory` has the keys
    ///     and values of an earlier call.
    ///   - memory: takes the keys and values of the encoder's tokens, and gives them back.
    ///   - residual: what the output is added to, of its shape and type; nil for the output alone.
    func callAsFunction(
        _ input: Tensor, encoderStates: Tensor, block: Int, memory: DecoderMemory?,
        addedTo residual: Tensor?, _ pass: ForwardPass
    ) throws -> Tensor {
        func heads(_ slot: any Slot, _ kind: SlotKind, _ input: Tensor) throws -> Tensor {
            try pass.run(slot, at: SlotPlace(stack: .decoder, block: block, kind: kind), input)
                .splitIntoHeads(headCount)
        }
        func attended() throws -> AttendedTokens {
            if let known = memory?.encoderTokens(block: block) { return known }
            let tokens = AttendedTokens(
                key: try heads(key, .crossKey, encoderStates),
                value: try heads(value, .crossValue, encoderStates))
            return try memory?.remember(tokens, block: block) ?? tokens
        }
        let query = try heads(query, .crossQuery, input)
        let tokens = try attended()
        let context = try scaledDotProductAttention(query: query, key: tokens.key, value: tokens.value)
            .joinedHeads()
        let place = SlotPlace(stack: .decoder, block: block, kind: .crossOutput)
        return try pass.run(output, at: place, context, addedTo: residual)
    }
}
