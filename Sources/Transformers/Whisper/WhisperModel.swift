import Torch

/// Whisper: an encoder of log-mel spectrograms, and a decoder of tokens that attends to it.
///
/// - Inputs: `input_features [batch, mels, frames]` of the configured size, `decoder_input_ids
///   [batch, tokens]`, and `decoder_attention_mask` of the same shape where given.
/// - Outputs: `logits [batch, tokens, vocabulary]` or `last_hidden_state [batch, tokens, width]`;
///   `encoder_last_hidden_state [batch, frames / 2, width]`.
/// - Source: Radford et al. 2022; `WhisperModel` and `WhisperForConditionalGeneration` of transformers.
public struct WhisperModel: TransformerModel {
    public var configuration: JSONValue
    public let sizes: WhisperConfiguration
    public let nameTable: NameTable
    public var encoder: WhisperEncoder
    public var decoder: WhisperDecoder
    /// Whether outputs are logits.
    public let givesLogits: Bool
    /// nil where logits are products with the token embeddings.
    public let output: Linear?

    public init(configuration: JSONValue, sizes: WhisperConfiguration, givesLogits: Bool) throws {
        self.configuration = configuration
        self.sizes = sizes
        self.givesLogits = givesLogits
        encoder = try WhisperEncoder(sizes)
        decoder = try WhisperDecoder(sizes)
        output =
            givesLogits && !sizes.sharesEmbeddings
            ? try Linear(inputWidth: sizes.width, outputWidth: sizes.vocabularySize, hasBias: false) : nil
        nameTable = Self.nameTable(sizes, givesLogits: givesLogits)
    }

    public var children: [(name: String, layer: any Layer)] {
        encoder.children + [("decoder", decoder)] + (output.map { [("output", $0)] } ?? [])
    }

    public var dimensions: ModelDimensions {
        func stack(_ stack: BlockStack, _ blocks: WhisperConfiguration.Blocks, tokens: Int?)
            -> ModelDimensions.Stack
        {
            ModelDimensions.Stack(
                stack, blockCount: blocks.count, width: sizes.width, headCount: blocks.headCount,
                tokenCount: tokens)
        }
        return ModelDimensions(
            stacks: [
                stack(.encoder, sizes.encoder, tokens: sizes.encoderTokenCount),
                stack(.decoder, sizes.decoder, tokens: nil),
            ],
            embeddingCost: 3 * sizes.width
                * (sizes.frameCount * sizes.melCount + sizes.encoderTokenCount * sizes.width),
            headCostPerToken: givesLogits ? sizes.width * sizes.vocabularySize : 0)
    }

    public func slot(at place: SlotPlace) -> (any Slot)? {
        switch place.stack {
        case .encoder: encoder.blocks.slot(at: place)
        case .decoder: decoder.blocks.slot(at: place)
        }
    }

    public mutating func replaceSlot(at place: SlotPlace, with slot: any Slot) throws {
        switch place.stack {
        case .encoder: try encoder.blocks.replaceSlot(at: place, with: slot)
        case .decoder: try decoder.blocks.replaceSlot(at: place, with: slot)
        }
    }

    public var inputNames: [String] { ["input_features", "decoder_input_ids", "decoder_attention_mask"] }

    public func callAsFunction(_ inputs: ModelInputs, _ pass: ForwardPass) throws -> ModelOutputs {
        let features = try inputs.required("input_features")
        let ids = try inputs.required("decoder_input_ids")
        let mask = inputs["decoder_attention_mask"]
        try checkBatch(features, ids, mask)
        let encoderStates = try encode(features, pass)
        let states = try decode(ids, encoderStates: encoderStates, mask: mask?.to(nil, .bool), pass)
        return ModelOutputs([
            givesLogits ? ("logits", try logits(states)) : ("last_hidden_state", states),
            ("encoder_last_hidden_state", encoderStates),
        ])
    }

    /// The encoder's states of spectrograms.
    ///
    /// - Parameters:
    ///   - features: `[batch, mels, frames]`.
    ///   - pass: what the slots are told, and what they report.
    /// - Returns: `[batch, frames / 2, width]`.
    /// - Throws: ``ModelError/invalidInput(_:)`` for another number of mel bands or of frames.
    public func encode(_ features: Tensor, _ pass: ForwardPass) throws -> Tensor {
        let wanted = [sizes.melCount, sizes.frameCount]
        let shape = features.shape
        guard shape.count == 3, Array(shape.dropFirst()) == wanted, features.dataType.isFloatingPoint else {
            throw ModelError.invalidInput(
                """
                input_features must be floating-point of shape [batch, mels, frames] with \(wanted) after \
                the batch, found \(features.dataType) \(shape).
                """)
        }
        return try encoder(features, pass)
    }

    /// The decoder's states of tokens.
    ///
    /// - Parameters:
    ///   - ids: `[batch, tokens]` int64 or int32.
    ///   - encoderStates: what ``encode(_:_:)`` gave.
    ///   - mask: `[batch, tokens]` bool, false for padding; not with a memory.
    ///   - memory: of the tokens before; nil where there are none and none will follow.
    ///   - pass: what the slots are told, and what they report.
    /// - Returns: `[batch, tokens, width]`.
    /// - Throws: ``ModelError/invalidInput(_:)`` for too many tokens, or ids that are none.
    public func decode(
        _ ids: Tensor, encoderStates: Tensor, mask: Tensor? = nil, memory: DecoderMemory? = nil,
        _ pass: ForwardPass
    ) throws -> Tensor {
        let shape = ids.shape
        guard shape.count == 2, ModelInputs.indexTypes.contains(ids.dataType) else {
            throw ModelError.invalidInput(
                """
                decoder_input_ids must be int64 or int32 of shape [batch, tokens], found \
                \(ids.dataType) \(shape).
                """)
        }
        let count = shape[1] + (memory?.tokenCount ?? 0)
        guard shape[1] >= 1, count <= sizes.decoderTokenLimit else {
            throw ModelError.invalidInput(
                "decoder_input_ids makes \(count) tokens, the model takes 1 to \(sizes.decoderTokenLimit).")
        }
        try ModelInputs.requireRange(ids, "decoder_input_ids", 0..<sizes.vocabularySize)
        return try decoder(
            ids.to(nil, .int64), encoderStates: encoderStates, mask: mask, memory: memory, pass)
    }

    /// Logits of the decoder's states: `[…, width]` to `[…, vocabulary]`.
    public func logits(_ states: Tensor) throws -> Tensor {
        try output.map { try $0(states) } ?? decoder.words.products(states)
    }

    private func checkBatch(_ features: Tensor, _ ids: Tensor, _ mask: Tensor?) throws {
        if let found = mask?.shape, found != ids.shape {
            throw ModelError.invalidInput(
                "decoder_attention_mask must have the shape of decoder_input_ids, \(ids.shape), found \(found)."
            )
        }
        try ModelInputs.requireMask(mask, "decoder_attention_mask")
        guard features.shape.first == ids.shape.first else {
            throw ModelError.invalidInput(
                "input_features and decoder_input_ids must be of one batch, found shapes \(features.shape) "
                    + "and \(ids.shape).")
        }
    }
}
