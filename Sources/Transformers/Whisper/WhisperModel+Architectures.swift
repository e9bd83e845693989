import Torch

extension WhisperModel {
    static let architectures = [
        Architecture("WhisperForConditionalGeneration", modelType: "whisper", task: .generation) {
            try WhisperModel(
                configuration: $0.configuration, sizes: WhisperConfiguration($0.reader), givesLogits: true)
        },
        Architecture("WhisperModel", modelType: "whisper", task: .embedding) {
            try WhisperModel(
                configuration: $0.configuration, sizes: WhisperConfiguration($0.reader), givesLogits: false)
        },
    ]

    /// What checkpoints call the model's paths.
    ///
    /// - Parameter givesLogits: whether names begin with `model.`, as they do where logits are given.
    static func nameTable(_ sizes: WhisperConfiguration, givesLogits: Bool) -> NameTable {
        var names: [(path: String, name: String)] = [
            ("embeddings.first", "encoder.conv1"),
            ("embeddings.second", "encoder.conv2"),
            ("embeddings.positions", "encoder.embed_positions"),
            ("norm", "encoder.layer_norm"),
            ("decoder.words", "decoder.embed_tokens"),
            ("decoder.positions", "decoder.embed_positions"),
            ("decoder.norm", "decoder.layer_norm"),
        ]
        for (blocks, layers) in [
            ("blocks.{}", "encoder.layers.{}"), ("decoder.blocks.{}", "decoder.layers.{}"),
        ] {
            for (attention, name) in [("attention", "self_attn"), ("crossAttention", "encoder_attn")] {
                names += [
                    ("\(blocks).\(attention)Norm", "\(layers).\(name)_layer_norm"),
                    ("\(blocks).\(attention).query", "\(layers).\(name).q_proj"),
                    ("\(blocks).\(attention).key", "\(layers).\(name).k_proj"),
                    ("\(blocks).\(attention).value", "\(layers).\(name).v_proj"),
                    ("\(blocks).\(attention).output", "\(layers).\(name).out_proj"),
                ]
            }
            names += [
                ("\(blocks).feedForwardNorm", "\(layers).final_layer_norm"),
                ("\(blocks).feedForward", "\(layers).feed_forward"),
                ("\(blocks).feedForward.up", "\(layers).fc1"),
                ("\(blocks).feedForward.down", "\(layers).fc2"),
            ]
        }
        guard givesLogits else { return NameTable(names) }
        let table = NameTable(names + [("output", "proj_out")]).prefixed("model.", except: ["output"])
        return NameTable(table.entries, dropped: sizes.sharesEmbeddings ? ["proj_out"] : [])
    }
}
