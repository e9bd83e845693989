import Torch

/// Keys and values of tokens that others attend to: each `[batch, heads, tokens, headWidth]`.
struct AttendedTokens {
    let key: Tensor
    let value: Tensor
}

/// What a decoder keeps from call to call, so that each call takes new tokens alone: keys and values
/// of its tokens so far, and those of the encoder's tokens.
public final class DecoderMemory {
    private var own: [Int: AttendedTokens] = [:]  // by block
    private var encoder: [Int: AttendedTokens] = [:]

    public init() {}

    /// Tokens that the decoder has taken so far.
    public var tokenCount: Int { own[0]?.key.shape[2] ?? 0 }

    /// Keeps some of the samples, in the order of `rows`, `[samples]` int64.
    public func keep(rows: Tensor) throws {
        func kept(_ tokens: AttendedTokens) throws -> AttendedTokens {
            AttendedTokens(key: try tokens.key.entries(rows), value: try tokens.value.entries(rows))
        }
        own = try own.mapValues(kept)
        encoder = try encoder.mapValues(kept)
    }

    /// All of a block's tokens, the new ones last.
    func append(_ tokens: AttendedTokens, block: Int) throws -> AttendedTokens {
        var all = tokens
        if let known = own[block] {
            all = AttendedTokens(
                key: try .concatenated([known.key, tokens.key], axis: 2),
                value: try .concatenated([known.value, tokens.value], axis: 2))
        }
        own[block] = all
        return all
    }

    func encoderTokens(block: Int) -> AttendedTokens? { encoder[block] }

    func remember(_ tokens: AttendedTokens, block: Int) throws -> AttendedTokens {
        // In one piece: they are read once for every token.
        let kept = AttendedTokens(key: try tokens.key.contiguous(), value: try tokens.value.contiguous())
        encoder[block] = kept
        return kept
    }
}
