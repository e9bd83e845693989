import Torch

/// The sizes of a Wav2Vec2, HuBERT or WavLM, read from Hugging Face's `config.json`.
public struct Wav2Vec2Configuration: Sendable, Equatable {
    /// What a configuration's `model_type` says; also the prefix of checkpoint names.
    public enum Family: String, Sendable { case wav2vec2, hubert, wavlm }

    /// How the convolutions over the samples are normalised.
    public enum FeatureNorm: String, Sendable, CaseIterable {
        /// Every channel of the first layer over time.
        case group
        /// Every frame of every layer over its channels.
        case layer
    }

    /// One convolution over the samples.
    public struct FeatureLayer: Sendable, Equatable {
        public let inputChannels: Int
        public let channels: Int
        public let kernel: Int
        public let stride: Int

        /// Multiply-accumulates of one frame.
        public var costPerFrame: Int { inputChannels * channels * kernel }
    }

    public let family: Family
    public let width: Int
    public let blockCount: Int
    public let headCount: Int
    public let hiddenWidth: Int
    public let activation: Activation
    public let layerNormEpsilon: Double
    public let featureLayers: [FeatureLayer]
    public let featureNorm: FeatureNorm
    public let featureActivation: Activation
    public let hasConvolutionBias: Bool
    /// Whether features are normalised before they are projected.
    public let hasFeatureNorm: Bool
    /// Frames that the convolution of the positions spans.
    public let positionKernel: Int
    public let positionGroups: Int
    /// Whether blocks normalise their inputs rather than their outputs.
    public let hasStableNorms: Bool
    /// Buckets and largest distance of the relative positions; nil for a model without.
    public let relativePositions: RelativePositionSizes?
    public let masking: SpanMasking

    /// - Throws: `JSONError` for a missing or impossible size,
    ///   ``ModelError/unsupported(file:what:found:supported:)`` for parts that are not known.
    public init(_ reader: JSONObjectReader, family: Family) throws {
        self.family = family
        width = try reader.integer("hidden_size", in: 1...1_000_000)
        blockCount = try reader.integer("num_hidden_layers", in: 1...10_000)
        headCount = try reader.integer("num_attention_heads", in: 1...100_000)
        hiddenWidth = try reader.integer("intermediate_size", in: 1...10_000_000)
        activation = try reader.activation("hidden_act")
        layerNormEpsilon = try reader.double("layer_norm_eps", default: 1e-5, in: 0...1)
        featureActivation = try reader.activation("feat_extract_activation")
        hasConvolutionBias = try reader.bool("conv_bias", default: false)
        hasFeatureNorm =
            try family == .hubert ? reader.bool("feat_proj_layer_norm", default: true) : true
        hasStableNorms = try reader.bool("do_stable_layer_norm", default: false)
        positionKernel = try reader.integer("num_conv_pos_embeddings", default: 128, in: 1...65_536)
        positionGroups = try reader.integer("num_conv_pos_embedding_groups", default: 16, in: 1...65_536)
        relativePositions = try family == .wavlm ? RelativePositionSizes(reader) : nil
        masking = try SpanMasking(reader)
        featureLayers = try Self.featureLayers(reader)

        let norm = try reader.string("feat_extract_norm", default: "group")
        guard let featureNorm = FeatureNorm(rawValue: norm) else {
            throw ModelError.unsupported(
                file: reader.source, what: "feat_extract_norm", found: norm,
                supported: FeatureNorm.allCases.map(\.rawValue))
        }
        self.featureNorm = featureNorm
        for (key, count) in [
            ("num_attention_heads", headCount), ("num_conv_pos_embedding_groups", positionGroups),
        ] where !width.isMultiple(of: count) {
            throw reader.invalid(key, expected: "a divisor of hidden_size \(width)")
        }
        for key in ["add_adapter", "conv_pos_batch_norm"] where try reader.bool(key, default: false) {
            throw ModelError.unsupported(
                file: reader.source, what: key, found: "true", supported: ["false"])
        }
        if let adapterWidth = try reader.optionalInteger("adapter_attn_dim") {
            throw ModelError.unsupported(
                file: reader.source, what: "adapter_attn_dim", found: "\(adapterWidth)", supported: ["null"])
        }
    }

    private static func featureLayers(_ reader: JSONObjectReader) throws -> [FeatureLayer] {
        func sizes(_ key: String, default values: [Int]) throws -> [Int] {
            try reader.integers(key, default: values, in: 1...65_536)
        }
        let channels = try sizes("conv_dim", default: Array(repeating: 512, count: 7))
        let kernels = try sizes("conv_kernel", default: [10, 3, 3, 3, 3, 2, 2])
        let strides = try sizes("conv_stride", default: [5, 2, 2, 2, 2, 2, 2])
        guard !channels.isEmpty else {
            throw reader.invalid("conv_dim", expected: "an array of at least one integer")
        }
        for (key, list) in [("conv_kernel", kernels), ("conv_stride", strides)]
        where list.count != channels.count {
            throw reader.invalid(
                key, expected: "an array as long as conv_dim, \(channels.count), not \(list.count)")
        }
        return channels.indices.map { index in
            FeatureLayer(
                inputChannels: index == 0 ? 1 : channels[index - 1], channels: channels[index],
                kernel: kernels[index], stride: strides[index])
        }
    }
}

extension Wav2Vec2Configuration {
    /// Frames of so many samples; 0 where they are too few for one.
    public func frameCount(samples: Int) -> Int {
        featureLayers.reduce(samples) { length, layer in
            length < layer.kernel ? 0 : (length - layer.kernel) / layer.stride + 1
        }
    }

    /// The fewest samples that give so many frames.
    public func sampleCount(frames: Int) -> Int {
        featureLayers.reversed().reduce(frames) { length, layer in
            (length - 1) * layer.stride + layer.kernel
        }
    }

    /// Samples from the start of one frame to the start of the next.
    public var samplesPerFrame: Int { featureLayers.reduce(1) { $0 * $1.stride } }

    /// Multiply-accumulates of the convolutions over the fewest samples that give t frames:
    /// `fixed + perFrame · t`.
    var featureCost: (fixed: Int, perFrame: Int) {
        var cost = (fixed: 0, perFrame: 0)
        // Frames of a layer for one frame of the last, and more of them for each frame more.
        var (first, further) = (1, 1)
        for layer in featureLayers.reversed() {
            cost.perFrame += layer.costPerFrame * further
            cost.fixed += layer.costPerFrame * (first - further)
            first = (first - 1) * layer.stride + layer.kernel
            further *= layer.stride
        }
        return cost
    }
}
