import Testing
import Torch

@testable import Transformers

@Suite struct ModelFolderTests {
    func refusal(_ name: String, _ changes: [String: JSONValue?]) throws -> String {
        let configuration = try Goldens.configuration(name, changing: changes)
        let error = #expect(throws: (any Error).self) {
            try ModelFolder.makeModel(
                configuration: configuration, source: "config.json", hasTensor: { _ in true })
        }
        return error?.localizedDescription ?? ""
    }

    @Test(
        arguments: [
            (["architectures": ["GPT2Model"]], "architecture \"GPT2Model\""),
            (["architectures": nil], "architecture \"none\""),
            (["architectures": []], "architecture \"none\""),
            (["model_type": "roberta"], "model_type of a BertModel \"roberta\""),
            (["hidden_act": "mish"], "hidden_act \"mish\""),
            (["hidden_size": 0], "\"hidden_size\" must be an integer from 1"),
            (["hidden_size": "x"], "\"hidden_size\" must be"),
            (["num_attention_heads": 5], "\"num_attention_heads\" must be a divisor of hidden_size 36"),
            (["vocab_size": nil], "\"vocab_size\" must be"),
            (["layer_norm_eps": -1.0], "\"layer_norm_eps\" must be"),
            (["position_embedding_type": "relative_key"], "position_embedding_type \"relative_key\""),
            (["is_decoder": true], "is_decoder \"true\""),
            (["add_cross_attention": true], "add_cross_attention \"true\""),
        ] as [([String: JSONValue?], String)])
    func wrongBERTConfigurations(changes: [String: JSONValue?], part: String) throws {
        let text = try refusal("bert", changes)
        #expect(text.hasPrefix("config.json: ") && text.contains(part), "\(text)")
    }

    @Test(
        arguments: [
            (["patch_size": 25], "\"patch_size\" must be at most image_size"),
            (["image_size": [24, 24, 24]], "\"image_size\" must be an integer or an array of two"),
            (["image_size": "large"], "\"image_size\" must be an integer"),
            (["num_channels": 0], "\"num_channels\" must be"),
            (["pooler_act": "relu"], "pooler_act \"relu\""),
            (["hidden_act": "mish"], "hidden_act \"mish\""),
            (["num_attention_heads": 5], "\"num_attention_heads\" must be a divisor"),
        ] as [([String: JSONValue?], String)])
    func wrongViTConfigurations(changes: [String: JSONValue?], part: String) throws {
        let text = try refusal("vit", changes)
        #expect(text.hasPrefix("config.json: ") && text.contains(part), "\(text)")
    }

    @Test(
        arguments: [
            (["patch_size": 17], "\"patch_size\" must be at most image_size"),
            (["hidden_act": "swiglu"], "hidden_act \"swiglu\" is not supported"),
            (["mlp_ratio": 0], "\"mlp_ratio\" must be a number that gives"),
            (["mlp_ratio": "four"], "\"mlp_ratio\" must be"),
            (["use_swiglu_ffn": 1], "\"use_swiglu_ffn\" must be"),
            (["num_attention_heads": 5], "\"num_attention_heads\" must be a divisor"),
            (["model_type": "vit"], "model_type of a Dinov2Model \"vit\""),
        ] as [([String: JSONValue?], String)])
    func wrongDINOv2Configurations(changes: [String: JSONValue?], part: String) throws {
        let text = try refusal("dinov2", changes)
        #expect(text.hasPrefix("config.json: ") && text.contains(part), "\(text)")
    }

    @Test(
        arguments: [
            (["conv_kernel": [5, 3]], "\"conv_kernel\" must be an array as long as conv_dim, 3, not 2"),
            (
                ["conv_stride": [3, 2, 2, 2]],
                "\"conv_stride\" must be an array as long as conv_dim, 3, not 4"
            ),
            (["conv_dim": []], "\"conv_dim\" must be an array of at least one"),
            (["conv_stride": [3, 0, 2]], "\"conv_stride\" must be"),
            (
                ["feat_extract_norm": "batch"],
                "feat_extract_norm \"batch\" is not supported; supported: group, layer"
            ),
            (["feat_extract_activation": "mish"], "feat_extract_activation \"mish\""),
            (["num_attention_heads": 5], "\"num_attention_heads\" must be a divisor"),
            (["num_conv_pos_embedding_groups": 5], "\"num_conv_pos_embedding_groups\" must be a divisor"),
            (["add_adapter": true], "add_adapter \"true\""),
            (["adapter_attn_dim": 16], "adapter_attn_dim \"16\""),
            (["mask_time_prob": 1.5], "\"mask_time_prob\" must be a number from 0"),
            (["vocab_size": nil], "\"vocab_size\" must be"),
            (["pad_token_id": 11], "\"pad_token_id\" must be an integer from 0 to 10"),
            (["ctc_loss_reduction": "none"], "\"ctc_loss_reduction\" must be one of"),
        ] as [([String: JSONValue?], String)])
    func wrongSpeechConfigurations(changes: [String: JSONValue?], part: String) throws {
        let text = try refusal("wav2vec2_ctc", changes)
        #expect(text.hasPrefix("config.json: ") && text.contains(part), "\(text)")
    }

    @Test func unknownArchitecturesNameTheKnown() throws {
        let text = try refusal("bert", ["architectures": ["GPT2Model"]])
        for architecture in Architecture.all {
            #expect(text.contains(architecture.name))
        }
    }

    @Test func classesAreCounted() throws {
        func count(_ object: JSONValue) throws -> Int {
            try JSONObjectReader(object, source: "config.json").classCount()
        }
        #expect(try count(["num_labels": 4]) == 4)
        #expect(try count(["id2label": ["0": "a", "1": "b", "2": "c"]]) == 3)
        #expect(try count([:]) == 2)
        #expect(throws: JSONError.self) { try count(["id2label": [:]]) }
    }

    @Test func allMismatchesAreListed() throws {
        let copy = try Goldens.copy("bert") { tensors in
            tensors["pooler.dense.bias"] = nil
            tensors["embeddings.LayerNorm.bias"] = try .zeros([1])
            tensors["encoder.layer.0.output.dense.bias"] = try .zeros([36], .int32)
            tensors["surplus"] = try .zeros([1])
        }
        let error = #expect(throws: ModelError.self) { try ModelFolder.load(copy.url) }
        guard case .mismatch(_, let problems) = error else {
            Issue.record("found \(String(describing: error))")
            return
        }
        #expect(
            problems.sorted() == [
                "embeddings.LayerNorm.bias must have shape [36], found [1]",
                "encoder.layer.0.output.dense.bias must be floating-point, found I32",
                "pooler.dense.bias is missing",
                "surplus is not used by this architecture",
            ])
    }

    @Test func positionIndicesAndMaskTokensAreDropped() throws {
        let bert = try Goldens.copy("bert") {
            $0["embeddings.position_ids"] = try .range(0..<13)
        }
        let vit = try Goldens.copy("vit_classifier") {
            $0["vit.embeddings.mask_token"] = try .zeros([1, 1, 36])
        }
        let dinov2 = try Goldens.copy("dinov2_registers") { tensors in
            tensors["embeddings.mask_token"] = nil
        }
        for folder in [bert, vit, dinov2] { _ = try ModelFolder.load(folder.url) }
    }

    @Test func typesAreConvertedOrKept() throws {
        let copy = try Goldens.copy("bert") { tensors in
            tensors = try tensors.mapValues { try $0.to(nil, .float16) }
        }
        let types: [(DataType?, DataType)] = [
            (nil, .float16), (.float32, .float32), (.bfloat16, .bfloat16),
        ]
        for (asked, wanted) in types {
            let model = try ModelFolder.load(copy.url, type: asked)
            #expect(model.namedParameters().allSatisfy { $0.tensor.dataType == wanted })
        }
    }
}
