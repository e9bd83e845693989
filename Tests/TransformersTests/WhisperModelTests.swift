import Testing
import Torch

@testable import Transformers

@Suite struct WhisperModelTests {
    func model() throws -> WhisperModel { try #require(try Goldens.model("whisper") as? WhisperModel) }

    func inputs() throws -> [String: Tensor] { try Goldens.tensors("whisper", "inputs") }

    /// Tokens one by one, several at a time, and all at once give the same states.
    @Test(arguments: [[1, 1, 1, 1, 1, 1, 1, 1, 1], [4, 5], [3, 1, 4, 1], [9]]) func memoryGivesTheSameStates(
        parts: [Int]
    ) throws {
        let model = try model()
        let inputs = try inputs()
        let ids = try #require(inputs["decoder_input_ids"])
        try withoutGradients {
            let encoderStates = try model.encode(#require(inputs["input_features"]), ForwardPass())
            let whole = try model.decode(ids, encoderStates: encoderStates, ForwardPass())
            let memory = DecoderMemory()
            var found: [Tensor] = []
            for part in parts {
                let start = memory.tokenCount
                found.append(
                    try model.decode(
                        ids.slice(start..<start + part, axis: 1), encoderStates: encoderStates,
                        memory: memory, ForwardPass()))
            }
            #expect(memory.tokenCount == 9)
            #expect(try largestError(.concatenated(found, axis: 1), whole) < 1e-5)
        }
    }

    @Test func theEncodersTokensAreProjectedOnce() throws {
        let model = try model()
        let encoderStates = try Tensor.normal([1, 14, 20])
        let memory = DecoderMemory()
        var places: [SlotPlace] = []
        let pass = ForwardPass()
        pass.observe = { pass, place, _, _ in places.append(place) }
        try withoutGradients {
            for _ in 0..<3 {
                _ = try model.decode(
                    .full([1, 1], 7, .int64), encoderStates: encoderStates, memory: memory, pass)
            }
        }
        for kind in SlotKind.allCases {
            let count = places.filter { $0.kind == kind && $0.block == 0 }.count
            #expect(count == (kind == .crossKey || kind == .crossValue ? 1 : 3), "\(kind)")
        }
    }

    /// Without a residual attention gives what it would add to one.
    @Test func attentionIsAddedToTheResidual() throws {
        let block = try model().decoder.blocks[0]
        let (input, residual) = try (Tensor.normal([2, 3, 20]), Tensor.normal([2, 3, 20]))
        let encoderStates = try Tensor.normal([2, 14, 20])
        func attended(addedTo residual: Tensor?) throws -> [Tensor] {
            try [
                block.attention(input, block: 0, mask: nil, addedTo: residual, ForwardPass()),
                block.crossAttention(
                    input, encoderStates: encoderStates, block: 0, memory: nil, addedTo: residual,
                    ForwardPass()),
            ]
        }
        try withoutGradients {
            for (sum, alone) in try zip(attended(addedTo: residual), attended(addedTo: nil)) {
                #expect(try largestError(sum, residual + alone) < 1e-6)
            }
        }
    }

    @Test func everySlotIsObserved() throws {
        let model = try model()
        let pass = ForwardPass()
        var places: [SlotPlace] = []
        pass.observe = { pass, place, input, output in
            places.append(place)
            let tokens = place.tokenStack == .encoder ? 14 : 9
            #expect(input.shape == [3, tokens, 20] && output.shape == [3, tokens, 20], "\(place)")
        }
        _ = try model(ModelInputs(inputs()), pass)
        #expect(Set(places) == Set(model.slotPlaces) && places.count == 2 * 5 + 2 * 9)
        #expect(pass.tokenMask == nil && pass.tokenMasks[.decoder]?.shape == [3, 9])
        let key = SlotPlace(stack: .decoder, block: 0, kind: .crossKey)
        #expect(pass.tokenMask(at: key) == nil)
    }

    @Test func padTokensDoNotCount() throws {
        let model = try model()
        var inputs = try inputs()
        let mask = try #require(inputs["decoder_attention_mask"]).to(nil, .bool)
        let wanted = try model.run(inputs).required("logits").rows(where: mask)
        let ids = try #require(inputs["decoder_input_ids"])
        inputs["decoder_input_ids"] = try mask.choose(ids, .full([3, 9], 50, .int64))
        let found = try model.run(inputs).required("logits")
        #expect(try found.isFinite().allTrue())
        #expect(try largestError(found.rows(where: mask), wanted) < 1e-6)
    }

    func refusal(_ changes: [String: Tensor?]) throws -> String {
        var inputs = try inputs()
        for (name, tensor) in changes { inputs[name] = tensor }
        let model = try model()
        let error = #expect(throws: ModelError.self) { try model.run(inputs) }
        return error?.localizedDescription ?? ""
    }

    @Test func badInputsAreRefused() throws {
        #expect(try refusal(["input_features": nil]).contains("input_features"))
        #expect(try refusal(["decoder_input_ids": nil]).contains("decoder_input_ids"))
        #expect(try refusal(["input_features": .zeros([3, 6, 28])]).contains("[5, 28]"))
        #expect(try refusal(["input_features": .zeros([3, 5, 27])]).contains("[5, 28]"))
        #expect(try refusal(["input_features": .zeros([2, 5, 28])]).contains("one batch"))
        #expect(try refusal(["input_features": .zeros([3, 5, 28], .int64)]).contains("floating-point"))
        func ids(_ shape: [Int], _ value: Double = 1) throws -> [String: Tensor?] {
            ["decoder_input_ids": try .full(shape, value, .int64), "decoder_attention_mask": nil]
        }
        #expect(try refusal(ids([3, 25])).contains("25 tokens, the model takes 1 to 24"))
        #expect(try refusal(ids([3, 0])).contains("takes 1 to 24"))
        #expect(try refusal(ids([3, 4], 95)).contains("0...94, found 95...95"))
        #expect(try refusal(ids([3, 4], -1)).contains("-1"))
        #expect(try refusal(["decoder_input_ids": .zeros([3, 9])]).contains("int64 or int32"))
        #expect(try refusal(["decoder_attention_mask": .ones([3, 8], .int64)]).contains("[3, 8]"))
    }

    @Test func aMemoryEndsWithThePositions() throws {
        let model = try model()
        let memory = DecoderMemory()
        let states = try Tensor.normal([1, 14, 20])
        try withoutGradients {
            _ = try model.decode(
                .full([1, 24], 1, .int64), encoderStates: states, memory: memory, ForwardPass())
            let error = #expect(throws: ModelError.self) {
                try model.decode(
                    .full([1, 1], 1, .int64), encoderStates: states, memory: memory, ForwardPass())
            }
            #expect(error?.localizedDescription.contains("25 tokens") == true)
        }
    }

    @Test func dimensionsOfBothStacks() throws {
        let sizes = try model().dimensions
        #expect(sizes.stacks.map(\.tokenCount) == [14, nil] && sizes.stacks.map(\.headCount) == [5, 20])
        #expect(sizes.blockCount == 4 && sizes.width == 20 && sizes.tokenCount == nil)
        #expect(sizes.embeddingCost == 3 * 20 * (28 * 5 + 14 * 20) && sizes.headCostPerToken == 20 * 95)
    }

    /// Checkpoints that keep the tied projection are read without it.
    @Test func tiedProjectionsAreDropped() throws {
        let copy = try Goldens.copy("whisper") {
            $0["proj_out.weight"] = $0["model.decoder.embed_tokens.weight"]
        }
        let found = try ModelFolder.load(copy.url).run(inputs()).required("logits")
        #expect(try found.equals(model().run(inputs()).required("logits")).allTrue())
    }

    @Test func brokenConfigurationsAreRefused() throws {
        func refusal(_ changes: [String: JSONValue?]) throws -> String {
            let configuration = try Goldens.configuration("whisper", changing: changes)
            let error = #expect(throws: (any Error).self) {
                try ModelFolder.makeModel(
                    configuration: configuration, source: "config.json", hasTensor: { _ in false })
            }
            return error?.localizedDescription ?? ""
        }
        #expect(try refusal(["encoder_attention_heads": 3]).contains("a divisor of d_model 20"))
        #expect(try refusal(["decoder_layers": 0]).contains("decoder_layers"))
        #expect(try refusal(["scale_embedding": true]).contains("scale_embedding"))
        #expect(try refusal(["activation_function": "swoosh"]).contains("swoosh"))
    }
}
