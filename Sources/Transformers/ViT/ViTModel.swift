import Torch

/// ViT and DeiT: patch embeddings, pre-norm blocks, a last LayerNorm and perhaps a head.
///
/// - Inputs: `pixel_values [batch, channels, height, width]` of the configured size; with
///   ``ForwardPass/interpolatesPositions`` of any size from one patch up.
/// - Outputs: `last_hidden_state [batch, tokens, width]` and `pooler_output [batch, poolerWidth]`;
///   or `logits [batch, classes]`; or, with a teacher's classifier, `logits`, `cls_logits` and
///   `distillation_logits`.
/// - Source: Dosovitskiy et al. 2021, Touvron et al. 2021; `ViTModel`, `DeiTModel` and their image
///   classifiers of transformers.
public struct ViTModel: TransformerModel {
    /// What stands on top of the last LayerNorm.
    public enum Head: Sendable, Equatable {
        case none
        /// `tanh(dense(first token))`.
        case pooler
        /// A classifier of the class token.
        case classifier(classCount: Int)
        /// Classifiers of the class token and of the distillation token, whose mean counts.
        case classifierWithTeacher(classCount: Int)
    }

    public var configuration: JSONValue
    public let sizes: ViTConfiguration
    public let nameTable: NameTable
    public let embeddings: ViTEmbeddings
    public var blocks: [ViTBlock]
    public let norm: LayerNorm
    public let pooler: Linear?
    public let classifier: Linear?
    public let distillationClassifier: Linear?

    /// - Parameters:
    ///   - configuration: the content of the model's `config.json`.
    ///   - sizes: what `configuration` says of the architecture.
    ///   - hasDistillationToken: true for DeiT, false for ViT.
    ///   - head: what follows the blocks.
    public init(
        configuration: JSONValue, sizes: ViTConfiguration, hasDistillationToken: Bool, head: Head
    ) throws {
        let width = sizes.width
        self.configuration = configuration
        self.sizes = sizes
        embeddings = try ViTEmbeddings(sizes, hasDistillationToken: hasDistillationToken)
        blocks = try (0..<sizes.blockCount).map { _ in try ViTBlock(sizes) }
        norm = try LayerNorm(width: width, epsilon: sizes.layerNormEpsilon)
        pooler = head == .pooler ? try Linear(inputWidth: width, outputWidth: sizes.poolerWidth) : nil
        let prefix = hasDistillationToken ? "deit." : "vit."
        switch head {
        case .none, .pooler:
            classifier = nil
            distillationClassifier = nil
            nameTable = Self.names(classifier: "classifier")
        case .classifier(let count):
            classifier = try Linear(inputWidth: width, outputWidth: count)
            distillationClassifier = nil
            nameTable = Self.names(classifier: "classifier").prefixed(prefix, except: Self.heads)
        case .classifierWithTeacher(let count):
            classifier = try Linear(inputWidth: width, outputWidth: count)
            distillationClassifier = try Linear(inputWidth: width, outputWidth: count)
            nameTable = Self.names(classifier: "cls_classifier").prefixed(prefix, except: Self.heads)
        }
    }

    private static let heads: Set = ["classifier", "distillationClassifier"]

    private static func names(classifier: String) -> NameTable {
        NameTable(
            [
                ("embeddings.classToken", "embeddings.cls_token"),
                ("embeddings.distillationToken", "embeddings.distillation_token"),
                ("embeddings.positions", "embeddings.position_embeddings"),
                ("embeddings.patches", "embeddings.patch_embeddings.projection"),
                ("blocks.{}.attentionNorm", "encoder.layer.{}.layernorm_before"),
                ("blocks.{}.attention.query", "encoder.layer.{}.attention.attention.query"),
                ("blocks.{}.attention.key", "encoder.layer.{}.attention.attention.key"),
                ("blocks.{}.attention.value", "encoder.layer.{}.attention.attention.value"),
                ("blocks.{}.attention.output", "encoder.layer.{}.attention.output.dense"),
                ("blocks.{}.feedForwardNorm", "encoder.layer.{}.layernorm_after"),
                ("blocks.{}.feedForward", "encoder.layer.{}.feed_forward"),
                ("blocks.{}.feedForward.up", "encoder.layer.{}.intermediate.dense"),
                ("blocks.{}.feedForward.down", "encoder.layer.{}.output.dense"),
                ("norm", "layernorm"),
                ("pooler", "pooler.dense"),
                ("classifier", classifier),
                ("distillationClassifier", "distillation_classifier"),
            ], dropped: ["embeddings.mask_token"])
    }

    public var children: [(name: String, layer: any Layer)] {
        let heads: [(name: String, layer: Linear?)] = [
            ("pooler", pooler), ("classifier", classifier),
            ("distillationClassifier", distillationClassifier),
        ]
        return [("embeddings", embeddings)] + blocks.enumerated().map { ("blocks.\($0)", $1) }
            + [("norm", norm)] + heads.compactMap { name, layer in layer.map { (name, $0) } }
    }

    public var dimensions: ModelDimensions {
        ModelDimensions(
            blockCount: blocks.count, width: sizes.width, headCount: sizes.headCount,
            tokenCount: embeddings.tokenCount,
            embeddingCost: sizes.patchCount * sizes.patchSize[0] * sizes.patchSize[1]
                * sizes.channelCount * sizes.width,
            headCost: [pooler, classifier, distillationClassifier].compactMap { $0 }
                .reduce(0) { $0 + $1.inputWidth * $1.outputWidth })
    }

    public func slot(at place: SlotPlace) -> (any Slot)? { blocks.slot(at: place) }

    public mutating func replaceSlot(at place: SlotPlace, with slot: any Slot) throws {
        try blocks.replaceSlot(at: place, with: slot)
    }

    public var inputNames: [String] { ["pixel_values"] }

    public func callAsFunction(_ inputs: ModelInputs, _ pass: ForwardPass) throws -> ModelOutputs {
        let pixels = try inputs.required("pixel_values")
        let size = pass.interpolatesPositions ? nil : sizes.imageSize
        try ImageInput(channelCount: sizes.channelCount, size: size, patchSize: sizes.patchSize)
            .check(pixels)
        pass.leadingTokenCount = embeddings.leadingTokenCount
        // Classifiers need the norm of one or two tokens alone.
        let norms = blocks.map(\.attentionNorm) + (classifier == nil ? [norm] : [])
        let encoded = try pass.runBlocks(embeddings(pixels), count: blocks.count, norms: norms) {
            [blocks] in try blocks[$1]($0, index: $1, mask: $2, $3)
        }
        guard let classifier else {
            let states = try pass.normalised(encoded, by: norm)
            let first = try states.select(0, axis: 1)  // [batch, width]
            let pooled = try pooler.map { try $0(first).tanh() }  // [batch, poolerWidth]
            return ModelOutputs(
                [("last_hidden_state", states)] + (pooled.map { [("pooler_output", $0)] } ?? []))
        }
        let classLogits = try classifier(norm(encoded.select(0, axis: 1)))  // [batch, classes]
        guard let distillationClassifier else { return ModelOutputs([("logits", classLogits)]) }
        let distillationLogits = try distillationClassifier(norm(encoded.select(1, axis: 1)))
        return ModelOutputs([
            ("logits", try (classLogits + distillationLogits) / 2), ("cls_logits", classLogits),
            ("distillation_logits", distillationLogits),
        ])
    }
}

/// The class token, perhaps a distillation token, and the patches; plus a position each.
///
/// - Input: `[batch, channels, height, width]`; output: `[batch, tokens, width]`.
/// - Parameters: `classToken [1, 1, width]`, `distillationToken [1, 1, width]` for DeiT,
///   `positions [1, tokens, width]`.
public struct ViTEmbeddings: Layer {
    public let classToken: Tensor
    public let distillationToken: Tensor?
    public let positions: Tensor
    public let patches: PatchProjection
    private let grid: [Int]

    init(_ sizes: ViTConfiguration, hasDistillationToken: Bool) throws {
        grid = sizes.grid
        let tokenCount = sizes.patchCount + (hasDistillationToken ? 2 : 1)
        classToken = try .empty([1, 1, sizes.width])
        distillationToken = hasDistillationToken ? try .empty([1, 1, sizes.width]) : nil
        positions = try .empty([1, tokenCount, sizes.width])
        patches = try PatchProjection(
            channels: sizes.channelCount, outputWidth: sizes.width, patchSize: sizes.patchSize)
    }

    public var parameters: [(name: String, tensor: Tensor)] {
        [("classToken", classToken)] + (distillationToken.map { [("distillationToken", $0)] } ?? [])
            + [("positions", positions)]
    }

    public var children: [(name: String, layer: any Layer)] { [("patches", patches)] }

    var tokenCount: Int { positions.shape[1] }
    /// Tokens before the patches.
    var leadingTokenCount: Int { distillationToken == nil ? 1 : 2 }

    /// Positions are interpolated where there are other patches than those of the configured size.
    func callAsFunction(_ pixels: Tensor) throws -> Tensor {
        let image = try patches(pixels.to(nil, patches.weight.dataType))  // [batch, rows, columns, width]
        let patchStates = try image.flattened(from: 1, to: 2)  // [batch, patches, width]
        let positions = try PositionInterpolation.interpolate(
            positions, leadingCount: leadingTokenCount, from: grid, to: Array(image.shape[1...2]))
        let batch = try pixels.size(0)
        let tokens = try [classToken, distillationToken].compactMap { $0 }.map {
            // [batch, 1, width]; of contiguous tensors alone libtorch concatenates fast on a GPU
            try $0.to(nil, patchStates.dataType).expanded([batch, -1, -1]).contiguous()
        }
        return try Tensor.concatenated(tokens + [patchStates], axis: 1) + positions
    }
}

/// Attention and feed-forward of the normalised input, each added to its input.
public struct ViTBlock: TransformerBlock {
    public let attentionNorm: LayerNorm
    public var attention: SelfAttention
    public let feedForwardNorm: LayerNorm
    public var feedForward: any Slot

    init(_ sizes: ViTConfiguration) throws {
        attentionNorm = try LayerNorm(width: sizes.width, epsilon: sizes.layerNormEpsilon)
        attention = try SelfAttention(
            width: sizes.width, headCount: sizes.headCount, hasBias: sizes.hasProjectionBias)
        feedForwardNorm = try LayerNorm(width: sizes.width, epsilon: sizes.layerNormEpsilon)
        feedForward = try FeedForward(
            width: sizes.width, hiddenWidth: sizes.hiddenWidth, activation: sizes.activation)
    }

    public var children: [(name: String, layer: any Layer)] {
        [
            ("attentionNorm", attentionNorm), ("attention", attention),
            ("feedForwardNorm", feedForwardNorm), ("feedForward", feedForward),
        ]
    }

    func callAsFunction(
        _ input: Tensor, index: Int, mask: Tensor?, _ pass: ForwardPass
    ) throws -> Tensor {
        let place = SlotPlace(block: index, kind: .feedForward)
        let normed = try pass.normalised(input, by: attentionNorm)
        return try pass.run(feedForward, at: place, normalisedBy: feedForwardNorm, after: input) {
            try attention(normed, block: index, mask: mask, addedTo: $0, pass)
        }
    }
}
