import Torch

/// The sizes of a Whisper model, read from Hugging Face's `config.json`.
public struct WhisperConfiguration: Sendable, Equatable {
    /// The sizes of the blocks of one stack.
    public struct Blocks: Sendable, Equatable {
        public let count: Int
        public let headCount: Int
        public let hiddenWidth: Int
    }

    public let width: Int
    public let encoder: Blocks
    public let decoder: Blocks
    public let activation: Activation
    /// Mel bands of a spectrogram.
    public let melCount: Int
    /// Tokens of the encoder; a spectrogram has twice as many frames.
    public let encoderTokenCount: Int
    /// The most tokens of the decoder.
    public let decoderTokenLimit: Int
    public let vocabularySize: Int
    /// Whether logits are products with the token embeddings, rather than with weights of their own.
    public let sharesEmbeddings: Bool

    public var frameCount: Int { 2 * encoderTokenCount }

    /// - Throws: `JSONError` for a missing or impossible size,
    ///   ``ModelError/unsupported(file:what:found:supported:)`` for an activation that is not known
    ///   and for scaled embeddings.
    public init(_ reader: JSONObjectReader) throws {
        let width = try reader.integer("d_model", in: 1...1_000_000)
        func blocks(_ stack: String) throws -> Blocks {
            let headCount = try reader.integer("\(stack)_attention_heads", in: 1...100_000)
            guard width % headCount == 0 else {
                throw reader.invalid(
                    "\(stack)_attention_heads", expected: "a divisor of d_model \(width)")
            }
            return Blocks(
                count: try reader.integer("\(stack)_layers", in: 1...10_000), headCount: headCount,
                hiddenWidth: try reader.integer("\(stack)_ffn_dim", in: 1...10_000_000))
        }
        self.width = width
        encoder = try blocks("encoder")
        decoder = try blocks("decoder")
        activation = try reader.activation("activation_function")
        melCount = try reader.integer("num_mel_bins", default: 80, in: 1...100_000)
        encoderTokenCount = try reader.integer("max_source_positions", default: 1500, in: 1...10_000_000)
        decoderTokenLimit = try reader.integer("max_target_positions", default: 448, in: 1...10_000_000)
        vocabularySize = try reader.integer("vocab_size", in: 1...100_000_000)
        sharesEmbeddings = try reader.bool("tie_word_embeddings", default: true)
        // transformers reads the key, but has no use for it.
        if try reader.bool("scale_embedding", default: false) {
            throw ModelError.unsupported(
                file: reader.source, what: "scale_embedding", found: "true", supported: ["false"])
        }
    }
}
