import Torch

/// BERT: token embeddings, post-norm blocks, and perhaps a pooler and a classifier.
///
/// - Inputs: `input_ids [batch, tokens]`; `attention_mask` and `token_type_ids` of the same shape
///   where given.
/// - Outputs: `last_hidden_state [batch, tokens, width]` and `pooler_output [batch, width]`, or
///   `logits [batch, classes]`.
/// - Source: Devlin et al. 2019; `BertModel` and `BertForSequenceClassification` of transformers.
public struct BERTModel: TransformerModel {
    public var configuration: JSONValue
    public let sizes: BERTConfiguration
    public let nameTable: NameTable
    public let embeddings: BERTEmbeddings
    public var blocks: [BERTBlock]
    public let pooler: Linear?
    public let classifier: Linear?

    /// - Parameters:
    ///   - configuration: the content of the model's `config.json`.
    ///   - sizes: what `configuration` says of the architecture.
    ///   - hasPooler: whether there is a pooler over the first token.
    ///   - classCount: classes of the classifier; nil for the model without one.
    ///   - nameTable: nil for what transformers calls the parameters of such a model.
    public init(
        configuration: JSONValue, sizes: BERTConfiguration, hasPooler: Bool, classCount: Int?,
        nameTable: NameTable? = nil
    ) throws {
        self.configuration = configuration
        self.sizes = sizes
        embeddings = try BERTEmbeddings(sizes)
        blocks = try (0..<sizes.blockCount).map { _ in try BERTBlock(sizes) }
        let width = sizes.width
        pooler = hasPooler ? try Linear(inputWidth: width, outputWidth: width) : nil
        classifier = try classCount.map { try Linear(inputWidth: width, outputWidth: $0) }
        self.nameTable = nameTable ?? Self.nameTable(hasPrefix: classCount != nil)
    }

    /// What checkpoints call the model's paths.
    ///
    /// - Parameters:
    ///   - hasPrefix: whether names begin with `bert.`, as they do where a head is on top.
    ///   - hasOldNorms: whether LayerNorms have `gamma` and `beta`, as in the first checkpoints.
    ///   - dropsHeads: whether the heads of pre-training are left out.
    static func nameTable(
        hasPrefix: Bool, hasOldNorms: Bool = false, dropsHeads: Bool = false
    ) -> NameTable {
        var entries = names.entries
        if hasOldNorms {
            for (path, name) in names.entries where name.hasSuffix("LayerNorm") {
                entries += [(path + ".weight", name + ".gamma"), (path + ".bias", name + ".beta")]
            }
        }
        let table = NameTable(entries, dropped: names.dropped)
        let prefixed = hasPrefix ? table.prefixed("bert.", except: ["classifier"]) : table
        return NameTable(prefixed.entries, dropped: prefixed.dropped + (dropsHeads ? ["cls"] : []))
    }

    private static let names = NameTable(
        [
            ("embeddings.words", "embeddings.word_embeddings"),
            ("embeddings.positions", "embeddings.position_embeddings"),
            ("embeddings.tokenTypes", "embeddings.token_type_embeddings"),
            ("embeddings.norm", "embeddings.LayerNorm"),
            ("blocks.{}.attention.query", "encoder.layer.{}.attention.self.query"),
            ("blocks.{}.attention.key", "encoder.layer.{}.attention.self.key"),
            ("blocks.{}.attention.value", "encoder.layer.{}.attention.self.value"),
            ("blocks.{}.attention.output", "encoder.layer.{}.attention.output.dense"),
            ("blocks.{}.attentionNorm", "encoder.layer.{}.attention.output.LayerNorm"),
            ("blocks.{}.feedForward", "encoder.layer.{}.feed_forward"),
            ("blocks.{}.feedForward.up", "encoder.layer.{}.intermediate.dense"),
            ("blocks.{}.feedForward.down", "encoder.layer.{}.output.dense"),
            ("blocks.{}.feedForwardNorm", "encoder.layer.{}.output.LayerNorm"),
            ("pooler", "pooler.dense"),
            ("classifier", "classifier"),
        ], dropped: ["embeddings.position_ids"])

    public var children: [(name: String, layer: any Layer)] {
        [("embeddings", embeddings)] + blocks.enumerated().map { ("blocks.\($0)", $1) }
            + (pooler.map { [("pooler", $0)] } ?? []) + (classifier.map { [("classifier", $0)] } ?? [])
    }

    public var dimensions: ModelDimensions {
        ModelDimensions(
            blockCount: blocks.count, width: sizes.width, headCount: sizes.headCount, tokenCount: nil,
            embeddingCost: 0,
            headCost: [pooler, classifier].compactMap { $0 }.reduce(0) { $0 + $1.inputWidth * $1.outputWidth }
        )
    }

    public func slot(at place: SlotPlace) -> (any Slot)? { blocks.slot(at: place) }

    public mutating func replaceSlot(at place: SlotPlace, with slot: any Slot) throws {
        try blocks.replaceSlot(at: place, with: slot)
    }

    public var inputNames: [String] { ["input_ids", "attention_mask", "token_type_ids"] }

    public func callAsFunction(_ inputs: ModelInputs, _ pass: ForwardPass) throws -> ModelOutputs {
        let ids = try inputs.required("input_ids")
        try check(inputs, ids)
        let tokenMask =
            try inputs["attention_mask"]?.to(nil, .bool) ?? .ones(ids.shape, .bool, device: ids.device)
        pass.tokenMask = tokenMask
        // Attention is faster without a mask that hides nothing; on a GPU the look would wait for it.
        let hidesNothing = try inputs["attention_mask"] == nil || (ids.device == .cpu && tokenMask.allTrue())
        let embedded = try embeddings(
            ids.to(nil, .int64), tokenTypes: inputs["token_type_ids"]?.to(nil, .int64))
        let states = try pass.runBlocks(
            embedded, mask: hidesNothing ? nil : tokenMask, count: blocks.count
        ) { [blocks] in try blocks[$1]($0, index: $1, mask: $2, $3) }
        let pooled = try pooler.map { try $0(states.select(0, axis: 1)).tanh() }  // [batch, width]
        if let classifier, let pooled { return ModelOutputs([("logits", try classifier(pooled))]) }
        return ModelOutputs(
            [("last_hidden_state", states)] + (pooled.map { [("pooler_output", $0)] } ?? []))
    }

    private func check(_ inputs: ModelInputs, _ ids: Tensor) throws {
        let shape = ids.shape
        guard shape.count == 2, ModelInputs.indexTypes.contains(ids.dataType) else {
            throw ModelError.invalidInput(
                "input_ids must be int64 or int32 of shape [batch, tokens], found \(ids.dataType) \(shape).")
        }
        guard 1...sizes.positionCount ~= shape[1] else {
            throw ModelError.invalidInput(
                "input_ids has \(shape[1]) tokens, the model takes 1 to \(sizes.positionCount).")
        }
        for name in ["attention_mask", "token_type_ids"] {
            if let other = inputs[name], other.shape != shape {
                throw ModelError.invalidInput(
                    "\(name) must have the shape of input_ids, \(shape), found \(other.shape).")
            }
        }
        try ModelInputs.requireMask(inputs["attention_mask"], "attention_mask")
        if let types = inputs["token_type_ids"], !ModelInputs.indexTypes.contains(types.dataType) {
            throw ModelError.invalidInput(
                "token_type_ids must be int64 or int32, found \(types.dataType).")
        }
        try ModelInputs.requireRange(ids, "input_ids", 0..<sizes.vocabularySize)
        if let types = inputs["token_type_ids"] {
            try ModelInputs.requireRange(types, "token_type_ids", 0..<sizes.tokenTypeCount)
        }
    }
}

/// `norm(word + position + token type)`.
///
/// - Input: indices `[batch, tokens]` int64; output: `[batch, tokens, width]`.
public struct BERTEmbeddings: Layer {
    public let words: Embedding
    public let positions: Embedding
    public let tokenTypes: Embedding
    public let norm: LayerNorm

    init(_ sizes: BERTConfiguration) throws {
        words = try Embedding(count: sizes.vocabularySize, width: sizes.width)
        positions = try Embedding(count: sizes.positionCount, width: sizes.width)
        tokenTypes = try Embedding(count: sizes.tokenTypeCount, width: sizes.width)
        norm = try LayerNorm(width: sizes.width, epsilon: sizes.layerNormEpsilon)
    }

    public var children: [(name: String, layer: any Layer)] {
        [("words", words), ("positions", positions), ("tokenTypes", tokenTypes), ("norm", norm)]
    }

    func callAsFunction(_ ids: Tensor, tokenTypes types: Tensor?) throws -> Tensor {
        let typeStates = try types.map { try tokenTypes($0) } ?? tokenTypes.weight.select(0, axis: 0)
        return try norm(
            words(ids) + typeStates + positions.weight.slice(0..<ids.size(1), axis: 0))
    }
}

/// Attention and feed-forward, each added to its input and normalised afterwards.
public struct BERTBlock: TransformerBlock {
    public var attention: SelfAttention
    public let attentionNorm: LayerNorm
    public var feedForward: any Slot
    public let feedForwardNorm: LayerNorm

    init(_ sizes: BERTConfiguration) throws {
        attention = try SelfAttention(width: sizes.width, headCount: sizes.headCount)
        attentionNorm = try LayerNorm(width: sizes.width, epsilon: sizes.layerNormEpsilon)
        feedForward = try FeedForward(
            width: sizes.width, hiddenWidth: sizes.hiddenWidth, activation: sizes.activation)
        feedForwardNorm = try LayerNorm(width: sizes.width, epsilon: sizes.layerNormEpsilon)
    }

    public var children: [(name: String, layer: any Layer)] {
        [
            ("attention", attention), ("attentionNorm", attentionNorm), ("feedForward", feedForward),
            ("feedForwardNorm", feedForwardNorm),
        ]
    }

    func callAsFunction(
        _ input: Tensor, index: Int, mask: Tensor?, _ pass: ForwardPass
    ) throws -> Tensor {
        let attended = try pass.add(to: input, normalisedBy: attentionNorm) {
            try attention(input, block: index, mask: mask, addedTo: $0, pass)
        }.normed
        let place = SlotPlace(block: index, kind: .feedForward)
        return try pass.add(to: attended, normalisedBy: feedForwardNorm) {
            try pass.run(feedForward, at: place, attended, addedTo: $0)
        }.normed
    }
}
