import Torch

/// Wav2Vec2, HuBERT and WavLM: convolutions over samples, positions, blocks, and perhaps a head that
/// recognises letters.
///
/// - Inputs: `input_values [batch, samples]`; where given `attention_mask` of the same shape, whose ones
///   count as a sample's first samples, and in training `mask_time_indices [batch, frames]` and
///   `mask_feature_indices [batch, width]` bool, true for what is hidden.
/// - Outputs: `last_hidden_state [batch, frames, width]` and, of a Wav2Vec2, `extract_features [batch,
///   frames, channels]`; or `logits [batch, frames, vocabulary]`.
/// - Source: Baevski et al. 2020, Hsu et al. 2021, Chen et al. 2022; `Wav2Vec2Model`,
///   `Wav2Vec2ForCTC` and their like of transformers.
public struct Wav2Vec2Model: TransformerModel {
    public var configuration: JSONValue
    public let sizes: Wav2Vec2Configuration
    public let nameTable: NameTable
    public let features: Wav2Vec2Features
    public let featureNorm: LayerNorm?
    public let projection: Linear
    /// `[width]`, what stands for a hidden frame.
    public let maskVector: Tensor?
    public let positions: Wav2Vec2Positions
    public let relativePositions: RelativePositions?
    public let norm: LayerNorm
    public var blocks: [Wav2Vec2Block]
    public let head: Linear?

    /// - Parameters:
    ///   - configuration: the content of the model's `config.json`.
    ///   - sizes: what `configuration` says of the architecture.
    ///   - vocabularySize: classes of the head; nil for the model without one.
    ///   - hasMaskVector: whether there is one for hidden frames.
    ///   - nameTable: nil for what transformers calls the parameters of such a model.
    public init(
        configuration: JSONValue, sizes: Wav2Vec2Configuration, vocabularySize: Int?,
        hasMaskVector: Bool = false, nameTable: NameTable? = nil
    ) throws {
        let width = sizes.width
        let channels = sizes.featureLayers.last?.channels ?? 1
        self.configuration = configuration
        self.sizes = sizes
        features = try Wav2Vec2Features(sizes)
        featureNorm =
            sizes.hasFeatureNorm ? try LayerNorm(width: channels, epsilon: sizes.layerNormEpsilon) : nil
        projection = try Linear(inputWidth: channels, outputWidth: width)
        maskVector = hasMaskVector ? try .empty([width]) : nil
        positions = try Wav2Vec2Positions(sizes)
        relativePositions = try sizes.relativePositions.map {
            try RelativePositions($0, headCount: sizes.headCount)
        }
        norm = try LayerNorm(width: width, epsilon: sizes.layerNormEpsilon)
        blocks = try (0..<sizes.blockCount).map { _ in try Wav2Vec2Block(sizes) }
        head = try vocabularySize.map { try Linear(inputWidth: width, outputWidth: $0) }
        self.nameTable =
            nameTable
            ?? Self.nameTable(
                prefix: vocabularySize == nil ? "" : "\(sizes.family.rawValue).", hasOldWeightNorm: false)
    }

    public var parameters: [(name: String, tensor: Tensor)] {
        maskVector.map { [("maskVector", $0)] } ?? []
    }

    public var children: [(name: String, layer: any Layer)] {
        [("features", features)] + (featureNorm.map { [("featureNorm", $0)] } ?? [])
            + [("projection", projection), ("positions", positions)]
            + (relativePositions.map { [("relativePositions", $0)] } ?? []) + [("norm", norm)]
            + blocks.enumerated().map { ("blocks.\($0)", $1) } + (head.map { [("head", $0)] } ?? [])
    }

    public var dimensions: ModelDimensions {
        let features = sizes.featureCost
        // The gates of relative positions run in the blocks, but are no slots.
        let gates = relativePositions == nil ? 0 : 8 * sizes.width * blocks.count
        return ModelDimensions(
            blockCount: blocks.count, width: sizes.width, headCount: sizes.headCount, tokenCount: nil,
            embeddingCost: features.fixed,
            embeddingCostPerToken: features.perFrame + projection.inputWidth * sizes.width
                + positions.convolution.costPerFrame + gates,
            headCost: 0, headCostPerToken: head.map { $0.inputWidth * $0.outputWidth } ?? 0)
    }

    public func slot(at place: SlotPlace) -> (any Slot)? { blocks.slot(at: place) }

    public mutating func replaceSlot(at place: SlotPlace, with slot: any Slot) throws {
        try blocks.replaceSlot(at: place, with: slot)
    }

    public var inputNames: [String] {
        ["input_values", "attention_mask", "mask_time_indices", "mask_feature_indices"]
    }

    public func callAsFunction(_ inputs: ModelInputs, _ pass: ForwardPass) throws -> ModelOutputs {
        let samples = try inputs.required("input_values")
        try check(inputs, samples)
        var extracted = try features(samples.to(nil, projection.weight.dataType))
        if let featureNorm { extracted = try featureNorm(extracted) }  // [batch, frames, channels]
        var states = try hide(projection(extracted), inputs)  // [batch, frames, width]
        let shape = Array(states.shape.prefix(2))
        let frameMask = try self.frameMask(inputs, frameCount: shape[1])
        let tokenMask = try frameMask ?? .ones(shape, .bool, device: states.device)
        pass.tokenMask = tokenMask
        var mask: Tensor?
        // Attention is faster without a mask that hides nothing; on a GPU the look would wait for it.
        if frameMask != nil, try states.device != .cpu || !tokenMask.allTrue() {
            states = try states.masked(tokenMask.logicalNot().unsqueezed(-1), value: 0)
            mask = try tokenMask.unsqueezed(1).unsqueezed(1)  // [batch, 1, 1, frames]
        }
        states = try states + positions(states)
        if !sizes.hasStableNorms { states = try norm(states) }
        let bias = try relativePositions.map { try $0(frameCount: shape[1]) }
        pass.keep(states)
        let norms = sizes.hasStableNorms ? blocks.dropFirst().map(\.attentionNorm) + [norm] : []
        for (index, block) in blocks.enumerated() {
            pass.followingNorm = norms.isEmpty ? nil : norms[index]
            // The bias of relative positions is learnt too.
            states = try pass.runBlock([states] + (bias.map { [$0] } ?? [])) { inputs, pass in
                try block(
                    inputs[0], index: index, mask: mask, bias: bias.map { _ in inputs[1] }, pass)
            }
            pass.keep(states)
        }
        if sizes.hasStableNorms { states = try pass.normalised(states, by: norm) }
        if let head { return ModelOutputs([("logits", try head(states))]) }
        return ModelOutputs(
            [("last_hidden_state", states)]
                + (sizes.family == .hubert ? [] : [("extract_features", extracted)]))
    }

    /// True for frames that come of real samples alone: `[batch, frames]`; nil without a mask.
    private func frameMask(_ inputs: ModelInputs, frameCount: Int) throws -> Tensor? {
        guard let mask = inputs["attention_mask"] else { return nil }
        let lengths = try mask.to(nil, .int64).sum(axis: 1).unsqueezed(-1)  // [batch, 1]
        // The samples up to the end of each frame.
        let ends = (0..<frameCount).map { sizes.sampleCount(frames: $0 + 1) }
        return try lengths.isAtLeast(Tensor(ends).to(mask.device))
    }

    /// Puts the mask vector in place of hidden frames, and zeros in hidden channels.
    private func hide(_ states: Tensor, _ inputs: ModelInputs) throws -> Tensor {
        var states = states
        if let frames = inputs["mask_time_indices"] {
            guard let maskVector else { throw Self.noMaskVector }
            states = try frames.to(nil, .bool).unsqueezed(-1)
                .choose(maskVector.to(nil, states.dataType), states)
        }
        if let channels = inputs["mask_feature_indices"] {
            states = try states.masked(channels.to(nil, .bool).unsqueezed(1), value: 0)
        }
        return states
    }

    static let noMaskVector = ModelError.invalidInput(
        "Frames cannot be hidden: the checkpoint has no masked_spec_embed to stand for them.")
}
