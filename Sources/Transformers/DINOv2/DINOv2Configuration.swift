import Torch

/// The sizes of a DINOv2, with or without registers, read from Hugging Face's `config.json`.
public struct DINOv2Configuration: Sendable, Equatable {
    /// The network between the two layers of a feed-forward.
    public enum FeedForwardKind: Sendable, Equatable {
        case plain(Activation)
        case swiGLU
    }

    public let width: Int
    public let blockCount: Int
    public let headCount: Int
    public let feedForward: FeedForwardKind
    public let hiddenWidth: Int
    public let layerNormEpsilon: Double
    /// Height and width of the images that the positions belong to, in pixels.
    public let imageSize: [Int]
    /// Height and width of patches, in pixels.
    public let patchSize: [Int]
    public let channelCount: Int
    /// Whether query, key and value have biases.
    public let hasProjectionBias: Bool
    /// Tokens between the class token and the patches that belong to no patch.
    public let registerCount: Int

    /// Rows and columns of patches of an image of ``imageSize``.
    public var grid: [Int] { [imageSize[0] / patchSize[0], imageSize[1] / patchSize[1]] }

    /// - Parameters:
    ///   - reader: of `config.json`.
    ///   - hasRegisters: whether the architecture has register tokens.
    /// - Throws: `JSONError` for a missing or impossible size,
    ///   ``ModelError/unsupported(file:what:found:supported:)`` for an activation that is not known.
    public init(_ reader: JSONObjectReader, hasRegisters: Bool) throws {
        width = try reader.integer("hidden_size", in: 1...1_000_000)
        blockCount = try reader.integer("num_hidden_layers", in: 1...10_000)
        headCount = try reader.integer("num_attention_heads", in: 1...100_000)
        let ratio = try reader.double("mlp_ratio", default: 4, in: 0...1000)
        let plainWidth = Int(Double(width) * ratio)
        guard plainWidth >= 1 else {
            throw reader.invalid("mlp_ratio", expected: "a number that gives hidden_size \(width) one neuron")
        }
        if try reader.bool("use_swiglu_ffn", default: false) {
            feedForward = .swiGLU
            // Two thirds, for three matrices instead of two, rounded up to a multiple of 8.
            hiddenWidth = (Int(Double(plainWidth * 2) / 3) + 7) / 8 * 8
        } else {
            feedForward = .plain(try reader.activation("hidden_act"))
            hiddenWidth = plainWidth
        }
        layerNormEpsilon = try reader.double("layer_norm_eps", default: 1e-6, in: 0...1)
        imageSize = try reader.size("image_size", default: 224, in: 1...65_536)
        patchSize = try reader.size("patch_size", default: 14, in: 1...65_536)
        channelCount = try reader.integer("num_channels", default: 3, in: 1...1000)
        hasProjectionBias = try reader.bool("qkv_bias", default: true)
        registerCount =
            hasRegisters ? try reader.integer("num_register_tokens", default: 4, in: 0...10_000) : 0
        guard width % headCount == 0 else {
            throw reader.invalid("num_attention_heads", expected: "a divisor of hidden_size \(width)")
        }
        guard patchSize[0] <= imageSize[0], patchSize[1] <= imageSize[1] else {
            throw reader.invalid("patch_size", expected: "at most image_size \(imageSize)")
        }
    }
}
