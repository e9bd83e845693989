import Torch

extension Wav2Vec2Model {
    static let architectures =
        architectures("Wav2Vec2", .wav2vec2) + architectures("Hubert", .hubert)
        + architectures("WavLM", .wavlm) + [
            // Of this the quantiser and its projections are left out.
            Architecture("Wav2Vec2ForPreTraining", modelType: "wav2vec2", task: .embedding) {
                try make($0, .wav2vec2, hasPrefix: true)
            }
        ]

    private static func architectures(
        _ name: String, _ family: Wav2Vec2Configuration.Family
    ) -> [Architecture] {
        [
            Architecture("\(name)Model", modelType: family.rawValue, task: .embedding) {
                try make($0, family, hasPrefix: false)
            },
            Architecture("\(name)ForCTC", modelType: family.rawValue, task: .ctc) {
                try make($0, family, hasPrefix: true, isRecogniser: true)
            },
        ]
    }

    private static func make(
        _ description: ModelDescription, _ family: Wav2Vec2Configuration.Family, hasPrefix: Bool,
        isRecogniser: Bool = false
    ) throws -> Wav2Vec2Model {
        let reader = description.reader
        let prefix = hasPrefix ? "\(family.rawValue)." : ""
        if isRecogniser { _ = try CTCSettings(reader) }
        return try Wav2Vec2Model(
            configuration: description.configuration,
            sizes: Wav2Vec2Configuration(reader, family: family),
            vocabularySize: isRecogniser ? reader.integer("vocab_size", in: 1...10_000_000) : nil,
            hasMaskVector: description.hasTensor("\(prefix)masked_spec_embed"),
            nameTable: nameTable(
                prefix: prefix,
                hasOldWeightNorm: description.hasTensor("\(prefix)encoder.pos_conv_embed.conv.weight_g")))
    }

    /// What checkpoints call the model's paths.
    ///
    /// - Parameters:
    ///   - prefix: of all names but the head's; empty for a model without a head.
    ///   - hasOldWeightNorm: whether the positions' weight has the names that torch gave it before 2.0.
    static func nameTable(prefix: String, hasOldWeightNorm: Bool) -> NameTable {
        let convolution = "encoder.pos_conv_embed.conv"
        let weight = hasOldWeightNorm ? "weight_" : "parametrizations.weight.original"
        let table = NameTable(
            names + [
                ("positions.convolution", convolution),
                (
                    "positions.convolution.magnitude",
                    "\(convolution).\(weight)\(hasOldWeightNorm ? "g" : "0")"
                ),
                (
                    "positions.convolution.direction",
                    "\(convolution).\(weight)\(hasOldWeightNorm ? "v" : "1")"
                ),
            ]
        ).prefixed(prefix, except: ["head"])
        return NameTable(table.entries, dropped: ["quantizer", "project_hid", "project_q"])
    }

    private static let names: [(path: String, name: String)] = [
        ("features.{}.convolution", "feature_extractor.conv_layers.{}.conv"),
        ("features.{}.norm", "feature_extractor.conv_layers.{}.layer_norm"),
        ("featureNorm", "feature_projection.layer_norm"),
        ("projection", "feature_projection.projection"),
        ("maskVector", "masked_spec_embed"),
        ("relativePositions.table", "encoder.layers.0.attention.rel_attn_embed"),
        ("blocks.{}.attention.query", "encoder.layers.{}.attention.q_proj"),
        ("blocks.{}.attention.key", "encoder.layers.{}.attention.k_proj"),
        ("blocks.{}.attention.value", "encoder.layers.{}.attention.v_proj"),
        ("blocks.{}.attention.output", "encoder.layers.{}.attention.out_proj"),
        ("blocks.{}.attentionNorm", "encoder.layers.{}.layer_norm"),
        ("blocks.{}.feedForward", "encoder.layers.{}.feed_forward"),
        ("blocks.{}.feedForward.up", "encoder.layers.{}.feed_forward.intermediate_dense"),
        ("blocks.{}.feedForward.down", "encoder.layers.{}.feed_forward.output_dense"),
        ("blocks.{}.feedForwardNorm", "encoder.layers.{}.final_layer_norm"),
        ("blocks.{}.positionGate.projection", "encoder.layers.{}.attention.gru_rel_pos_linear"),
        ("blocks.{}.positionGate.constant", "encoder.layers.{}.attention.gru_rel_pos_const"),
        ("norm", "encoder.layer_norm"),
        ("head", "lm_head"),
    ]
}
