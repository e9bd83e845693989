/// One of a model's stacks of blocks; most models have one alone, which counts as the encoder.
public enum BlockStack: String, Sendable, CaseIterable, Codable {
    case encoder
    /// Attends to the tokens before and, with its cross-attention, to those of the encoder.
    case decoder
}

/// Which module of a block a slot is.
public enum SlotKind: String, Sendable, CaseIterable, Codable {
    case query, key, value, output
    /// The projections of a decoder's attention to the encoder; key and value take its tokens.
    case crossQuery, crossKey, crossValue, crossOutput
    case feedForward
}

/// One slot of a model.
public struct SlotPlace: Hashable, Sendable, CustomStringConvertible {
    public let stack: BlockStack
    /// Number of the block within its stack, from 0.
    public let block: Int
    public let kind: SlotKind

    public init(stack: BlockStack = .encoder, block: Int, kind: SlotKind) {
        self.stack = stack
        self.block = block
        self.kind = kind
    }

    /// The stack whose tokens the slot takes.
    public var tokenStack: BlockStack {
        switch kind {
        case .crossKey, .crossValue: .encoder
        default: stack
        }
    }

    /// The slot's path among the model's layers.
    public var description: String {
        let path =
            switch kind {
            case .feedForward: "feedForward"
            case .query, .key, .value, .output: "attention.\(kind.rawValue)"
            case .crossQuery: "crossAttention.query"
            case .crossKey: "crossAttention.key"
            case .crossValue: "crossAttention.value"
            case .crossOutput: "crossAttention.output"
            }
        return (stack == .encoder ? "" : "\(stack.rawValue).") + "blocks.\(block).\(path)"
    }
}
