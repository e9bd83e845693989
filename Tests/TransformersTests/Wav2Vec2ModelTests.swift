import Testing
import Torch

@testable import Transformers

@Suite struct Wav2Vec2ModelTests {
    func refusal(_ name: String, _ inputs: [String: Tensor]) throws -> String {
        let model = try Goldens.model(name)
        let error = #expect(throws: ModelError.self) { try model.run(inputs) }
        return error?.localizedDescription ?? ""
    }

    @Test func badInputsAreRefused() throws {
        let samples = try Tensor.zeros([2, 40])
        #expect(try refusal("wav2vec2", [:]).contains("needs the input \"input_values\""))
        #expect(
            try refusal("wav2vec2", ["input_values": .zeros([2, 40], .int64)]).contains("floating-point"))
        #expect(try refusal("wav2vec2", ["input_values": .zeros([40])]).contains("[batch, samples]"))
        #expect(
            try refusal("wav2vec2", ["input_values": .zeros([1, 16])])
                == "input_values has 16 samples, the model needs at least 17 for one frame.")
        #expect(
            try refusal("wav2vec2", ["input_values": .zeros([1, 0])])
                == "input_values has 0 samples, the model needs at least 17 for one frame.")
        #expect(
            try refusal("wav2vec2", ["input_values": samples, "attention_mask": .ones([2, 39], .int64)])
                == "attention_mask must be bool or integers of shape [2, 40], found int64 [2, 39].")
        #expect(
            try refusal("wav2vec2", ["input_values": samples, "attention_mask": .ones([2, 40])])
                .contains("found float32 [2, 40]"))
        let short = try Tensor((0..<80).map { $0 < 40 || $0 < 56 ? 1 : 0 }, shape: [2, 40])
        #expect(
            try refusal("wav2vec2", ["input_values": samples, "attention_mask": short])
                == "attention_mask leaves 16 samples of row 1, the model needs at least 17 for one frame.")
        #expect(
            try refusal("wav2vec2", ["input_values": samples, "mask_time_indices": .ones([2, 4], .bool)])
                .contains("mask_time_indices must be bool or integers of shape [2, 2]"))
        #expect(
            try refusal(
                "wav2vec2_ctc", ["input_values": samples, "mask_time_indices": .ones([2, 2], .bool)]
            )
            .contains("no masked_spec_embed"))
    }

    @Test func shapesAreAsDocumented() throws {
        let pass = ForwardPass(keepsHiddenStates: true)
        let inputs = ModelInputs(["input_values": try .normal([2, 203])])
        let model = try Goldens.model("wav2vec2")
        let outputs = try withoutGradients { try model(inputs, pass) }
        #expect(try outputs.required("last_hidden_state").shape == [2, 16, 36])
        #expect(try outputs.required("extract_features").shape == [2, 16, 28])
        #expect(pass.hiddenStates.map(\.shape) == Array(repeating: [2, 16, 36], count: 3))
        #expect(pass.tokenMask?.shape == [2, 16])
        let logits = try Goldens.model("hubert_ctc").run(inputs.tensors)
        #expect(logits.tensors.map(\.name) == ["logits"])
        #expect(try logits.required("logits").shape == [2, 16, 11])
    }

    @Test func framesAreThoseOfTheSamples() throws {
        let model = try #require(try Goldens.model("wav2vec2_stable") as? Wav2Vec2Model)
        for (samples, frames) in [(16, 0), (17, 1), (28, 1), (29, 2), (203, 16)] {
            #expect(model.sizes.frameCount(samples: samples) == frames)
        }
        #expect(model.sizes.samplesPerFrame == 12)
        for frames in 1...40 {
            let samples = model.sizes.sampleCount(frames: frames)
            #expect(model.sizes.frameCount(samples: samples) == frames)
            #expect(model.sizes.frameCount(samples: samples - 1) == frames - 1)
        }
        let pass = ForwardPass()
        _ = try withoutGradients {
            try model(ModelInputs(Goldens.tensors("wav2vec2_stable", "inputs")), pass)
        }
        let counts = try #require(pass.tokenMask).to(nil, .int64).sum(axis: 1).array(of: Int.self)
        #expect(counts == [203, 150, 17].map(model.sizes.frameCount))
    }

    /// Padding, with a mask, changes nothing of a model that looks at each frame alone before the blocks.
    @Test func paddingIsNotSeen() throws {
        let model = try Goldens.model("wav2vec2_stable")
        let inputs = try Goldens.tensors("wav2vec2_stable", "inputs")
        let together = try model.run(inputs).required("last_hidden_state")
        let cut = try inputs.mapValues { try $0.slice(1..<2, axis: 0).slice(0..<150, axis: 1) }
        let alone = try model.run(cut).required("last_hidden_state")
        let frames = try alone.size(1)
        #expect(
            try largestError(alone, together.slice(1..<2, axis: 0).slice(0..<frames, axis: 1)) < 1e-5)
    }

    @Test func maskOfAllSamplesIsNone() throws {
        let model = try Goldens.model("wavlm")
        let samples = try Tensor.normal([2, 60])
        let plain = try model.run(["input_values": samples]).required("last_hidden_state")
        let masked = try model.run(["input_values": samples, "attention_mask": .ones([2, 60], .int32)])
            .required("last_hidden_state")
        #expect(try plain.equals(masked).allTrue())
    }

    @Test func everySlotIsObserved() throws {
        let model = try Goldens.model("wav2vec2_ctc")
        let pass = ForwardPass()
        var places: [SlotPlace] = []
        pass.observe = { pass, place, input, output in
            places.append(place)
            #expect(input.shape == [2, 2, 36] && output.shape == [2, 2, 36])
        }
        _ = try model(ModelInputs(["input_values": .zeros([2, 40])]), pass)
        #expect(Set(places) == Set(model.slotPlaces) && places.count == 10)
    }

    /// The heads of pre-training are left out; what is below them is the bare model.
    @Test func pretrainingCheckpoints() throws {
        let copy = try Goldens.copy(
            "wav2vec2", configuration: ["architectures": ["Wav2Vec2ForPreTraining"]]
        ) { tensors in
            tensors = Dictionary(uniqueKeysWithValues: tensors.map { ("wav2vec2.\($0)", $1) })
            for name in [
                "quantizer.codevectors", "quantizer.weight_proj.weight", "quantizer.weight_proj.bias",
                "project_hid.weight", "project_hid.bias", "project_q.weight", "project_q.bias",
            ] { tensors[name] = try .zeros([2]) }
        }
        let inputs = try Goldens.tensors("wav2vec2", "inputs")
        let found = try ModelFolder.load(copy.url).run(inputs)
        let wanted = try Goldens.model("wav2vec2").run(inputs)
        #expect(found.tensors.map(\.name) == wanted.tensors.map(\.name))
        for (name, tensor) in found.tensors {
            #expect(try tensor.equals(wanted.required(name)).allTrue())
        }
    }

    /// Both names of the positions' weight give the same model.
    @Test func oldAndNewNamesAreOne() throws {
        let renamed = try Goldens.copy("wav2vec2_old_names") { tensors in
            let convolution = "encoder.pos_conv_embed.conv."
            for (old, new) in [("weight_g", "original0"), ("weight_v", "original1")] {
                tensors[convolution + "parametrizations.weight.\(new)"] = tensors.removeValue(
                    forKey: convolution + old)
            }
        }
        let inputs = try Goldens.tensors("wav2vec2_old_names", "inputs")
        let found = try ModelFolder.load(renamed.url).allOutputs(inputs)
        for (name, tensor) in try Goldens.model("wav2vec2_old_names").allOutputs(inputs) {
            #expect(try #require(found[name]).equals(tensor).allTrue())
        }
    }

    /// XLS-R-300M, from its configuration alone: 10 s at 16 kHz.
    @Test func costOfTheLargeShape() throws {
        let model = try ModelFolder.makeModel(
            configuration: [
                "architectures": ["Wav2Vec2ForCTC"], "model_type": "wav2vec2", "hidden_size": 1024,
                "num_hidden_layers": 24, "num_attention_heads": 16, "intermediate_size": 4096,
                "conv_bias": true, "do_stable_layer_norm": true, "feat_extract_norm": "layer",
                "vocab_size": 32,
            ], source: "config.json", hasTensor: { $0.hasSuffix("masked_spec_embed") })
        let parameters = model.namedParameters().reduce(0) { $0 + $1.tensor.elementCount }
        #expect(parameters == 315_471_520)
        let sizes = try #require(model as? Wav2Vec2Model).sizes
        #expect(sizes.frameCount(samples: 160_000) == 499)
        #expect(sizes.sampleCount(frames: 1) == 400 && sizes.samplesPerFrame == 320)

        // Frame by frame: of each convolution those that the fewest samples for 499 frames give.
        var length = sizes.sampleCount(frames: 499)
        var cost = 0
        for layer in sizes.featureLayers {
            length = (length - layer.kernel) / layer.stride + 1
            cost += length * layer.inputChannels * layer.channels * layer.kernel
        }
        #expect(length == 499)
        cost += 499 * (512 * 1024 + 1024 * 64 * 128)
        let dimensions = model.dimensions
        #expect(dimensions.embeddingCost + 499 * dimensions.embeddingCostPerToken == cost)
        #expect(dimensions.headCost == 0 && dimensions.headCostPerToken == 1024 * 32)
        #expect(dimensions.tokenCount == nil)
    }

    /// The loss of transformers' own model with the same labels.
    @Test func ctcLossIsThatOfTransformers() throws {
        let settings = try CTCSettings(
            JSONObjectReader(Goldens.configuration("wav2vec2_ctc"), source: "config.json"))
        #expect(settings == CTCSettings(blank: 3, reduction: .sum, zeroInfinity: false))
        let wanted = try Goldens.tensors("wav2vec2_ctc", "loss")
        let pass = ForwardPass()
        let model = try Goldens.model("wav2vec2_ctc")
        let outputs = try withoutGradients {
            try model(ModelInputs(Goldens.tensors("wav2vec2_ctc", "inputs")), pass)
        }
        for reduction in Loss.CTCReduction.allCases {
            let loss = try Loss.ctc(
                outputs.required("logits"), labels: #require(wanted["labels"]),
                lengths: #require(pass.tokenMask).to(nil, .int64).sum(axis: 1), blank: settings.blank,
                reduction: reduction)
            #expect(try largestError(loss, #require(wanted["loss.\(reduction.rawValue)"])) < 1e-5)
        }
    }
}
