import Torch

private enum Operators {
    static let queryKeyValue = Operator("acm::query_key_value")
}

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

    /// - Parameters:
    ///   - width: of the tokens.
    ///   - headCount: number of heads, which share the width.
    ///   - hasBias: whether query, key and value have biases.
    ///   - hasKeyBias: whether the key has one; nil for as the others.
    public init(width: Int, headCount: Int, hasBias: Bool = true, hasKeyBias: Bool? = nil) throws {
        query = try Linear(inputWidth: width, outputWidth: width, hasBias: hasBias)
        key = try Linear(inputWidth: width, outputWidth: width, hasBias: hasKeyBias ?? hasBias)
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

    /// - Parameters:
    ///   - input: `[batch, tokens, width]`.
    ///   - stack: the stack of the block.
    ///   - block: the block's number in its stack.
    ///   - mask: `[batch, 1, 1, tokens]`, or with a row for each token, bool; false is not attended to.
    ///     Or of the input's type, such as `[batch, heads, tokens, tokens]`, and added to the scores.
    ///   - isCausal: whether tokens attend to themselves and those before alone; not with a mask.
    ///   - memory: keys and values of the tokens before the input's, to which those of the input
    ///     are added; nil where there are none.
    ///   - residual: what the output is added to, of its shape and type; nil for the output alone.
    ///   - pass: what runs the projections.
    public func callAsFunction(
        _ input: Tensor, stack: BlockStack = .encoder, block: Int, mask: Tensor?, isCausal: Bool = false,
        memory: DecoderMemory? = nil, addedTo residual: Tensor? = nil, _ pass: ForwardPass
    ) throws -> Tensor {
        let (query, key, value) = try project(input, stack: stack, block: block, pass)
        let context = try attend(
            query, key, value, block: block, mask: mask, isCausal: isCausal, memory: memory)
        let place = SlotPlace(stack: stack, block: block, kind: .output)
        return try pass.run(output, at: place, context, addedTo: residual)
    }

    private func project(
        _ input: Tensor, stack: BlockStack, block: Int, _ pass: ForwardPass
    ) throws -> (query: Tensor, key: Tensor, value: Tensor) {
        if pass.observe == nil, let query = query as? Linear, let key = key as? Linear,
            let value = value as? Linear, try !recordsGradients()
        {
            let projections = try Operators.queryKeyValue.tensors(
                .tensor(input), .tensor(query.weight), .optionalTensor(query.bias), .tensor(key.weight),
                .optionalTensor(key.bias), .tensor(value.weight), .optionalTensor(value.bias), capacity: 3)
            return (projections[0], projections[1], projections[2])
        }
        func run(_ slot: any Slot, _ kind: SlotKind) throws -> Tensor {
            try pass.run(slot, at: SlotPlace(stack: stack, block: block, kind: kind), input)
        }
        return try (run(query, .query), run(key, .key), run(value, .value))
    }

    /// The heads' context of projections, all `[batch, tokens, width]`.
    private func attend(
        _ query: Tensor, _ key: Tensor, _ value: Tensor, block: Int, mask: Tensor?, isCausal: Bool,
        memory: DecoderMemory?
    ) throws -> Tensor {
        let keysAlone = [key.shape[0], 1, 1, key.shape[1]]  // the same for all heads and tokens
        if !isCausal, memory == nil, mask == nil || mask?.shape == keysAlone,
            let context = try attentionForInference(
                query: query, key: key, value: value, headCount: headCount,
                mask: mask?.reshaped([keysAlone[0], keysAlone[3]]))
        {
            return context
        }
        var attended = AttendedTokens(
            key: try key.splitIntoHeads(headCount), value: try value.splitIntoHeads(headCount))
        if let memory { attended = try memory.append(attended, block: block) }
        return try scaledDotProductAttention(
            query: try query.splitIntoHeads(headCount), key: attended.key, value: attended.value, mask: mask,
            isCausal: isCausal
        ).joinedHeads()
    }
}

extension Tensor {
    /// `[batch, tokens, channels]` as `[batch, heads, tokens, headWidth]`.
    func splitIntoHeads(_ headCount: Int) throws -> Tensor {
        let channels = try size(2)
        return try reshaped([size(0), size(1), headCount, channels / headCount]).transposed(1, 2)
    }

    /// `[batch, heads, tokens, headWidth]` as `[batch, tokens, channels]`.
    func joinedHeads() throws -> Tensor { try transposed(1, 2).flattened(from: 2) }
}
