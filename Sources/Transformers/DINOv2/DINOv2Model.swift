import Torch

/// DINOv2, with or without registers: patch embeddings, pre-norm blocks with layer scale, a last
/// LayerNorm and perhaps a classifier.
///
/// - Inputs: `pixel_values [batch, channels, height, width]` of any size from one patch up; pixels
///   beyond the last whole patch are not seen, and positions are interpolated.
/// - Outputs: `last_hidden_state [batch, tokens, width]`, its tokens the class, the registers and
///   the patches row by row, and `pooler_output [batch, width]`, the class token's; or
///   `logits [batch, classes]` of the class token's state beside the mean of the patches'.
/// - Source: Oquab et al. 2023, Darcet et al. 2024; `Dinov2Model`, `Dinov2WithRegistersModel` and
///   their image classifiers of transformers.
public struct DINOv2Model: TransformerModel {
    public var configuration: JSONValue
    public let sizes: DINOv2Configuration
    public let nameTable: NameTable
    public let embeddings: DINOv2Embeddings
    public var blocks: [DINOv2Block]
    public let norm: LayerNorm
    public let classifier: Linear?

    /// - Parameters:
    ///   - configuration: the content of the model's `config.json`.
    ///   - sizes: what `configuration` says of the architecture.
    ///   - hasRegisters: whether there are register tokens.
    ///   - classCount: classes of the classifier; nil for a model without one.
    public init(
        configuration: JSONValue, sizes: DINOv2Configuration, hasRegisters: Bool, classCount: Int?
    ) throws {
        self.configuration = configuration
        self.sizes = sizes
        embeddings = try DINOv2Embeddings(sizes, hasRegisters: hasRegisters)
        blocks = try (0..<sizes.blockCount).map { _ in try DINOv2Block(sizes) }
        norm = try LayerNorm(width: sizes.width, epsilon: sizes.layerNormEpsilon)
        classifier = try classCount.map { try Linear(inputWidth: 2 * sizes.width, outputWidth: $0) }
        let names = Self.names(sizes.feedForward)
        nameTable =
            classCount == nil
            ? names
            : names.prefixed(
                hasRegisters ? "dinov2_with_registers." : "dinov2.", except: ["classifier"])
    }

    private static func names(_ feedForward: DINOv2Configuration.FeedForwardKind) -> NameTable {
        let mlp = "encoder.layer.{}.mlp"
        let layers =
            switch feedForward {
            case .plain: [("up", "fc1"), ("down", "fc2")]
            case .swiGLU: [("gateAndUp", "weights_in"), ("down", "weights_out")]
            }
        return NameTable(
            shared + layers.map { ("blocks.{}.feedForward.\($0)", "\(mlp).\($1)") },
            dropped: ["embeddings.mask_token"])
    }

    private static let shared = [
        ("embeddings.classToken", "embeddings.cls_token"),
        ("embeddings.registers", "embeddings.register_tokens"),
        ("embeddings.positions", "embeddings.position_embeddings"),
        ("embeddings.patches", "embeddings.patch_embeddings.projection"),
        ("blocks.{}.attentionNorm", "encoder.layer.{}.norm1"),
        ("blocks.{}.attention.query", "encoder.layer.{}.attention.attention.query"),
        ("blocks.{}.attention.key", "encoder.layer.{}.attention.attention.key"),
        ("blocks.{}.attention.value", "encoder.layer.{}.attention.attention.value"),
        ("blocks.{}.attention.output", "encoder.layer.{}.attention.output.dense"),
        ("blocks.{}.attentionScale.scale", "encoder.layer.{}.layer_scale1.lambda1"),
        ("blocks.{}.feedForwardNorm", "encoder.layer.{}.norm2"),
        ("blocks.{}.feedForward", "encoder.layer.{}.mlp"),
        ("blocks.{}.feedForwardScale.scale", "encoder.layer.{}.layer_scale2.lambda1"),
        ("norm", "layernorm"),
        ("classifier", "classifier"),
    ]

    public var children: [(name: String, layer: any Layer)] {
        [("embeddings", embeddings)] + blocks.enumerated().map { ("blocks.\($0)", $1) }
            + [("norm", norm)] + (classifier.map { [("classifier", $0)] } ?? [])
    }

    public var dimensions: ModelDimensions {
        let patchCost = sizes.patchSize[0] * sizes.patchSize[1] * sizes.channelCount * sizes.width
        return ModelDimensions(
            blockCount: blocks.count, width: sizes.width, headCount: sizes.headCount,
            tokenCount: 1 + sizes.registerCount + sizes.grid[0] * sizes.grid[1],
            // Images come in all sizes: the patches are the tokens less those before them.
            embeddingCost: -(1 + sizes.registerCount) * patchCost, embeddingCostPerToken: patchCost,
            headCost: classifier.map { $0.inputWidth * $0.outputWidth } ?? 0)
    }

    public func slot(at place: SlotPlace) -> (any Slot)? { blocks.slot(at: place) }

    public mutating func replaceSlot(at place: SlotPlace, with slot: any Slot) throws {
        try blocks.replaceSlot(at: place, with: slot)
    }

    public var inputNames: [String] { ["pixel_values"] }

    public func callAsFunction(_ inputs: ModelInputs, _ pass: ForwardPass) throws -> ModelOutputs {
        let pixels = try inputs.required("pixel_values")
        try ImageInput(channelCount: sizes.channelCount, size: nil, patchSize: sizes.patchSize)
            .check(pixels)
        pass.leadingTokenCount = 1 + sizes.registerCount
        let norms = blocks.map(\.attentionNorm) + [norm]
        let encoded = try pass.runBlocks(embeddings(pixels), count: blocks.count, norms: norms) {
            [blocks] in try blocks[$1]($0, index: $1, mask: $2, $3)
        }
        let states = try pass.normalised(encoded, by: norm)
        let first = try states.select(0, axis: 1)  // [batch, width]
        guard let classifier else {
            return ModelOutputs([("last_hidden_state", states), ("pooler_output", first)])
        }
        let patchMean = try states.slice(pass.leadingTokenCount..<states.size(1), axis: 1)
            .mean(axis: 1)  // [batch, width]
        return ModelOutputs([
            ("logits", try classifier(.concatenated([first, patchMean], axis: -1)))
        ])
    }
}
