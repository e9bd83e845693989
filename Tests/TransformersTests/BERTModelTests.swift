import Testing
import Torch

@testable import Transformers

@Suite struct BERTModelTests {
    func ids(_ shape: [Int], _ value: Double = 7) throws -> Tensor { try .full(shape, value, .int64) }

    func refusal(_ inputs: [String: Tensor]) throws -> String {
        let model = try Goldens.model("bert")
        let error = #expect(throws: ModelError.self) { try model.run(inputs) }
        return error?.localizedDescription ?? ""
    }

    @Test func badInputsAreRefused() throws {
        let ids = try ids([2, 3])
        #expect(try refusal([:]).contains("needs the input \"input_ids\""))
        #expect(try refusal(["input_ids": .zeros([2, 3])]).contains("int64 or int32"))
        #expect(try refusal(["input_ids": self.ids([6])]).contains("[batch, tokens]"))
        #expect(try refusal(["input_ids": self.ids([1, 14])]).contains("takes 1 to 13"))
        #expect(try refusal(["input_ids": self.ids([1, 0])]).contains("takes 1 to 13"))
        #expect(
            try refusal(["input_ids": self.ids([2, 3], 101)])
                == "input_ids must lie in 0...100, found 101...101.")
        #expect(
            try refusal(["input_ids": self.ids([2, 3], -1)])
                == "input_ids must lie in 0...100, found -1...-1.")
        #expect(
            try refusal(["input_ids": ids, "attention_mask": self.ids([2, 4])])
                == "attention_mask must have the shape of input_ids, [2, 3], found [2, 4].")
        #expect(
            try refusal(["input_ids": ids, "token_type_ids": self.ids([2, 3], 2)])
                == "token_type_ids must lie in 0...1, found 2...2.")
        #expect(
            try refusal(["input_ids": ids, "token_type_ids": .zeros([2, 3])])
                .contains("token_type_ids must be int64 or int32"))
    }

    @Test func narrowIndicesGiveTheSame() throws {
        let model = try Goldens.model("bert")
        let inputs = try Goldens.tensors("bert", "inputs")
        let wide = try model.run(inputs).required("last_hidden_state")
        let narrow = try model.run(inputs.mapValues { try $0.to(nil, .int32) })
            .required("last_hidden_state")
        #expect(try narrow.equals(wide).allTrue())
    }

    @Test func maskOfAllTokensIsNone() throws {
        let model = try Goldens.model("bert")
        let pass = ForwardPass()
        let ids = try ids([2, 3])
        let masked = try withoutGradients {
            try model(ModelInputs(["input_ids": ids, "attention_mask": .ones([2, 3], .int64)]), pass)
        }
        #expect(try #require(pass.tokenMask).allTrue())
        let plain = try model.run(["input_ids": ids])
        #expect(
            try masked.required("last_hidden_state").equals(plain.required("last_hidden_state"))
                .allTrue())
    }

    @Test func maskIsToldToThePass() throws {
        let model = try Goldens.model("bert")
        let pass = ForwardPass()
        let mask = try Tensor([1, 1, 0, 1, 0, 0] as [Int64], shape: [2, 3])
        _ = try model(
            ModelInputs(["input_ids": ids([2, 3]), "attention_mask": mask]), pass)
        let told = try #require(pass.tokenMask)
        #expect(told.dataType == .bool)
        #expect(try told.array(of: Int64.self) == [1, 1, 0, 1, 0, 0])
    }

    /// A text of padding alone stays finite and leaves the others as they are.
    @Test func paddedRowStaysFinite() throws {
        let model = try Goldens.model("bert")
        let mask = try Tensor([1, 1, 1, 0, 0, 0] as [Int64], shape: [2, 3])
        let states = try model.run(["input_ids": ids([2, 3]), "attention_mask": mask])
            .required("last_hidden_state")
        #expect(try states.isFinite().allTrue())
        let alone = try model.run(["input_ids": ids([1, 3])]).required("last_hidden_state")
        #expect(try largestError(states.slice(0..<1, axis: 0), alone) < 1e-5)
    }

    @Test func everySlotIsObserved() throws {
        let model = try Goldens.model("bert")
        let pass = ForwardPass()
        var places: [SlotPlace] = []
        pass.observe = { pass, place, input, output in
            places.append(place)
            #expect(input.shape == [2, 3, 36] && output.shape == [2, 3, 36])
        }
        _ = try model(ModelInputs(["input_ids": ids([2, 3])]), pass)
        #expect(Set(places) == Set(model.slotPlaces) && places.count == 15)
    }

    @Test func dimensionsAreOfTheConfiguration() throws {
        let sizes = try Goldens.model("bert_classifier").dimensions
        let wanted = ModelDimensions(
            blockCount: 2, width: 36, headCount: 3, tokenCount: nil, embeddingCost: 0,
            headCost: 36 * 36 + 36 * 5)
        #expect(sizes == wanted)
    }

    /// Checkpoints of pre-training are read without their heads, with old LayerNorm names too.
    @Test(arguments: ["BertForMaskedLM", "BertForPreTraining"], [false, true])
    func pretrainingCheckpoints(architecture: String, hasOldNorms: Bool) throws {
        let copy = try Goldens.copy(
            "bert", configuration: ["architectures": .array([.string(architecture)])]
        ) { tensors in
            let renamed = tensors.map { name, tensor in
                var name = "bert.\(name)"
                if hasOldNorms {
                    name = name.replacing("LayerNorm.weight", with: "LayerNorm.gamma")
                        .replacing("LayerNorm.bias", with: "LayerNorm.beta")
                }
                return (name, tensor)
            }
            tensors = Dictionary(uniqueKeysWithValues: renamed)
            tensors["cls.predictions.bias"] = try .zeros([101])
            tensors["bert.embeddings.position_ids"] = try .range(0..<13)
        }
        let inputs = try Goldens.tensors("bert", "inputs")
        let found = try ModelFolder.load(copy.url).run(inputs)
        let wanted = try Goldens.model("bert").run(inputs)
        #expect(found.tensors.map(\.name) == ["last_hidden_state", "pooler_output"])
        for (name, tensor) in found.tensors {
            #expect(try tensor.equals(wanted.required(name)).allTrue())
        }
    }
}
