import Torch

/// The sizes of a BERT, read from Hugging Face's `config.json`.
public struct BERTConfiguration: Sendable, Equatable {
    public let vocabularySize: Int
    public let width: Int
    public let blockCount: Int
    public let headCount: Int
    public let hiddenWidth: Int
    public let activation: Activation
    public let positionCount: Int
    public let tokenTypeCount: Int
    public let layerNormEpsilon: Double

    /// - Throws: `JSONError` for a missing or impossible size,
    ///   ``ModelError/unsupported(file:what:found:supported:)`` for an activation or a kind of
    ///   position embedding that is not known, and for decoders.
    public init(_ reader: JSONObjectReader) throws {
        vocabularySize = try reader.integer("vocab_size", in: 1...100_000_000)
        width = try reader.integer("hidden_size", in: 1...1_000_000)
        blockCount = try reader.integer("num_hidden_layers", in: 1...10_000)
        headCount = try reader.integer("num_attention_heads", in: 1...100_000)
        hiddenWidth = try reader.integer("intermediate_size", in: 1...10_000_000)
        positionCount = try reader.integer("max_position_embeddings", in: 1...100_000_000)
        tokenTypeCount = try reader.integer("type_vocab_size", in: 1...1_000_000)
        layerNormEpsilon = try reader.double("layer_norm_eps", default: 1e-12, in: 0...1)
        activation = try reader.activation("hidden_act")
        guard width % headCount == 0 else {
            throw reader.invalid("num_attention_heads", expected: "a divisor of hidden_size \(width)")
        }
        let positions = try reader.string("position_embedding_type", default: "absolute")
        guard positions == "absolute" else {
            throw ModelError.unsupported(
                file: reader.source, what: "position_embedding_type", found: positions,
                supported: ["absolute"])
        }
        for key in ["is_decoder", "add_cross_attention"] where try reader.bool(key, default: false) {
            throw ModelError.unsupported(
                file: reader.source, what: key, found: "true", supported: ["false"])
        }
    }
}
