import Foundation
import Testing
import Torch

@testable import Transformers

@Suite struct NameTableTests {
    @Test(arguments: Goldens.all)
    func namesAreTheCheckpointsBothWays(name: String) throws {
        let model = try Goldens.model(name)
        let names = try model.checkpointParameters().map(\.name)
        let file = try SafetensorsFile(
            Goldens.folder.appendingPathComponent("\(name)/model.safetensors"))
        #expect(names.sorted() == file.names.filter { !model.nameTable.drops($0) }.sorted())
        for (path, checkpointName) in zip(model.namedParameters().map(\.name), names) {
            #expect(model.nameTable.path(of: checkpointName) == path)
        }
    }

    /// Saving what was loaded gives the checkpoint's bytes again, where no tensor is dropped.
    @Test(arguments: Goldens.all) func roundTripIsBitwise(name: String) throws {
        let source = Goldens.folder.appendingPathComponent("\(name)/model.safetensors")
        let file = try SafetensorsFile(source)
        let folder = try TemporaryFolder()
        if file.names.contains(where: { $0.hasSuffix("mask_token") }) {
            for (name, tensor) in try Goldens.model(name).checkpointParameters() {
                #expect(try tensor.array(of: Float.self) == file.tensor(name).array(of: Float.self))
            }
            return
        }
        let copy = folder.url.appendingPathComponent("model.safetensors")
        try SafetensorsWriter.write(Goldens.model(name).checkpointParameters(), to: copy)
        #expect(try Data(contentsOf: copy) == Data(contentsOf: source))
    }

    @Test(
        arguments: [
            "bert", "bert_classifier", "vit", "deit_distilled", "dinov2_wide", "dinov2_swiglu", "wav2vec2",
            "wavlm_ctc",
        ])
    func slotsHaveTheirPaths(name: String) throws {
        let model = try Goldens.model(name)
        let paths = model.namedParameters().map(\.name)
        #expect(model.slotPlaces.count == model.dimensions.blockCount * 5)
        for place in model.slotPlaces {
            #expect(model.slot(at: place) != nil)
            #expect(paths.contains { $0.hasPrefix("\(place).") }, "\(place)")
        }
    }

    @Test(
        arguments: [
            ("bert", "blocks.3.feedForward.acm.learners.w1", "encoder.layer.3.feed_forward.acm.learners.w1"),
            (
                "bert", "blocks.3.attention.query.acm.learners.w1",
                "encoder.layer.3.attention.self.query.acm.learners.w1"
            ),
            (
                "bert_classifier", "blocks.0.attention.output.acm.gate",
                "bert.encoder.layer.0.attention.output.dense.acm.gate"
            ),
            ("bert_classifier", "classifier.weight", "classifier.weight"),
            ("vit", "blocks.11.feedForward.acm.learners.b1", "encoder.layer.11.feed_forward.acm.learners.b1"),
            (
                "vit_classifier", "blocks.0.attention.value.acm.w",
                "vit.encoder.layer.0.attention.attention.value.acm.w"
            ),
            ("dinov2", "blocks.7.feedForward.acm.learners.b1", "encoder.layer.7.mlp.acm.learners.b1"),
            ("dinov2", "blocks.7.feedForward.down.bias", "encoder.layer.7.mlp.fc2.bias"),
            (
                "dinov2_registers_classifier", "blocks.0.attentionScale.scale",
                "dinov2_with_registers.encoder.layer.0.layer_scale1.lambda1"
            ),
            ("dinov2_swiglu", "blocks.0.feedForward.down.bias", "encoder.layer.0.mlp.weights_out.bias"),
            ("dinov2_wide", "classifier.bias", "classifier.bias"),
            (
                "wav2vec2", "blocks.1.feedForward.acm.learners.w1",
                "encoder.layers.1.feed_forward.acm.learners.w1"
            ),
            (
                "hubert_ctc", "blocks.0.attention.output.acm.gate",
                "hubert.encoder.layers.0.attention.out_proj.acm.gate"
            ),
            ("wav2vec2_ctc", "head.weight", "lm_head.weight"),
            (
                "wav2vec2_old_names", "positions.convolution.magnitude",
                "encoder.pos_conv_embed.conv.weight_g"
            ),
            ("deit_distilled", "classifier.bias", "cls_classifier.bias"),
            ("deit_distilled", "distillationClassifier.bias", "distillation_classifier.bias"),
        ])
    func otherSlotsHaveNames(model: String, path: String, name: String) throws {
        let table = try Goldens.model(model).nameTable
        #expect(try table.checkpointName(of: path) == name)
        #expect(table.path(of: name) == path)
    }

    @Test func unknownPathsAreRefused() throws {
        let table = try Goldens.model("bert").nameTable
        #expect(throws: ModelError.unknownPath("decoder.weight")) {
            try table.checkpointName(of: "decoder.weight")
        }
        #expect(table.path(of: "decoder.weight") == nil)
        #expect(table.drops("embeddings.position_ids") && !table.drops("embeddings.positions"))
    }

    @Test(arguments: ["bert", "vit"]) func slotsAreReplaced(name: String) throws {
        var model = try Goldens.model(name)
        let places = [SlotPlace(block: 1, kind: .feedForward), SlotPlace(block: 0, kind: .key)]
        for place in places {
            try model.replaceSlot(at: place, with: Linear(inputWidth: 36, outputWidth: 36))
            #expect(model.slot(at: place) is Linear)
        }
        let names = try model.checkpointParameters().map(\.name)
        #expect(names.contains("encoder.layer.1.feed_forward.weight"))
        #expect(!names.contains("encoder.layer.1.intermediate.dense.weight"))
        for place in [places[0], SlotPlace(block: 9, kind: .query)] {
            #expect(throws: ModelError.self) {
                try model.replaceSlot(at: place, with: Linear(inputWidth: 36, outputWidth: 35))
            }
        }
    }
}
