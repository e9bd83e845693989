import Torch

/// The sizes of a ViT or DeiT, read from Hugging Face's `config.json`.
public struct ViTConfiguration: Sendable, Equatable {
    public let width: Int
    public let blockCount: Int
    public let headCount: Int
    public let hiddenWidth: Int
    public let activation: Activation
    public let layerNormEpsilon: Double
    /// Height and width of images, in pixels.
    public let imageSize: [Int]
    /// Height and width of patches, in pixels.
    public let patchSize: [Int]
    public let channelCount: Int
    /// Whether query, key and value have biases.
    public let hasProjectionBias: Bool
    public let poolerWidth: Int

    /// Rows and columns of patches of one image; pixels beyond the last whole patch are not seen.
    public var grid: [Int] { [imageSize[0] / patchSize[0], imageSize[1] / patchSize[1]] }
    public var patchCount: Int { grid[0] * grid[1] }

    /// - Throws: `JSONError` for a missing or impossible size,
    ///   ``ModelError/unsupported(file:what:found:supported:)`` for an activation that is not known.
    public init(_ reader: JSONObjectReader) throws {
        width = try reader.integer("hidden_size", in: 1...1_000_000)
        blockCount = try reader.integer("num_hidden_layers", in: 1...10_000)
        headCount = try reader.integer("num_attention_heads", in: 1...100_000)
        hiddenWidth = try reader.integer("intermediate_size", in: 1...10_000_000)
        activation = try reader.activation("hidden_act")
        layerNormEpsilon = try reader.double("layer_norm_eps", default: 1e-12, in: 0...1)
        imageSize = try reader.size("image_size", default: 224, in: 1...65_536)
        patchSize = try reader.size("patch_size", default: 16, in: 1...65_536)
        channelCount = try reader.integer("num_channels", default: 3, in: 1...1000)
        hasProjectionBias = try reader.bool("qkv_bias", default: true)
        poolerWidth = try reader.optionalInteger("pooler_output_size", in: 1...1_000_000) ?? width
        guard width % headCount == 0 else {
            throw reader.invalid("num_attention_heads", expected: "a divisor of hidden_size \(width)")
        }
        guard patchSize[0] <= imageSize[0], patchSize[1] <= imageSize[1] else {
            throw reader.invalid("patch_size", expected: "at most image_size \(imageSize)")
        }
        let poolerActivation = try reader.string("pooler_act", default: "tanh")
        guard poolerActivation == "tanh" else {
            throw ModelError.unsupported(
                file: reader.source, what: "pooler_act", found: poolerActivation, supported: ["tanh"])
        }
    }
}
