import Foundation
import Testing
import Torch
import Transformers

@testable import AdaptiveComputation

/// Adaptive modules in both stacks of an encoder–decoder.
@Suite struct AdaptiveWhisperTests {
    let dense: AdaptiveModel
    let model: AdaptiveModel
    let network: WhisperModel
    let inputs: ModelInputs

    /// Made once: the tests change neither.
    private static let converted = Result {
        let folder = goldens.appendingPathComponent("whisper")
        try Runtime.seed(3)
        let dense = AdaptiveModel(dense: try ModelFolder.load(folder))
        let inputs = ModelInputs(
            try SafetensorsFile(folder.appendingPathComponent("inputs.safetensors")).tensors())
        let model = try AdaptiveModel.convert(
            dense.network, SurgeryOptions(kinds: SlotKind.allCases), calibration: [inputs])
        return (dense, model, inputs)
    }

    init() throws {
        (dense, model, inputs) = try Self.converted.get()
        network = try #require(model.network as? WhisperModel)
    }

    @Test func everySlotOfBothStacksIsReplaced() throws {
        #expect(model.modules.count == 2 * 5 + 2 * 9)
        #expect(Set(model.modules.map(\.place)) == Set(dense.network.slotPlaces))
        let names = try model.network.checkpointParameters().map(\.name)
        for path in [
            "encoder.layers.0.feed_forward", "decoder.layers.1.feed_forward",
            "decoder.layers.1.self_attn.q_proj",
            "decoder.layers.0.encoder_attn.k_proj",
        ] {
            #expect(names.contains("model.\(path).acm.learners.w1"), "\(path)")
        }
    }

    @Test func configurationsNameTheStack() throws {
        let configuration = try #require(model.configuration)
        let reader = try JSONObjectReader(configuration.json, source: "config.json")
        #expect(try AdaptiveConfiguration(reader) == configuration)
        let modules = try #require(configuration.json["modules"]?.arrayValue)
        #expect(modules.filter { $0["stack"] == "decoder" }.count == 18)
        #expect(modules.filter { $0["stack"] == nil }.count == 10)
    }

    @Test func savedModelsComeBackBitwise() throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("acm-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: folder) }
        try model.save(to: folder, copyingFrom: goldens.appendingPathComponent("whisper"))
        let loaded = try AdaptiveModel.load(folder)
        #expect(loaded.configuration == model.configuration)
        for (saved, read) in zip(model.network.namedParameters(), loaded.network.namedParameters()) {
            #expect(saved.name == read.name)
            #expect(try saved.tensor.equals(read.tensor).allTrue())
        }
        let kept = folder.appendingPathComponent("generation_config.json")
        #expect(FileManager.default.fileExists(atPath: kept.path))
    }

    /// With all learners the feed-forwards are next to the dense ones.
    @Test func allLearnersAreCloseToTheDenseModel() throws {
        let model = try AdaptiveModel.convert(dense.network, SurgeryOptions(), calibration: [inputs])
        try withoutGradients {
            let wanted = try dense(inputs, ForwardPass()).required("logits")
            let found = try model(inputs, AdaptivePass(mode: .fixed(4))).required("logits")
            let mask = try #require(inputs["decoder_attention_mask"]).to(nil, .bool)
            let error = try (found.rows(where: mask) - wanted.rows(where: mask)).norm().item(Double.self)
            #expect(try error < 0.03 * wanted.rows(where: mask).norm().item(Double.self))
        }
    }

    /// Gates see one token at a time, so a token gets the same learners and the same states whether it
    /// comes alone, after others that are remembered, or with all the others.
    @Test func tokensGetTheSameAloneAndTogether() throws {
        let ids = try #require(inputs["decoder_input_ids"])
        func choices(_ passes: [AdaptivePass]) throws -> [SlotPlace: [Int]] {
            var found: [SlotPlace: [Tensor]] = [:]
            for pass in passes {
                for decision in pass.trace { found[decision.place, default: []].append(decision.choices) }
            }
            return try found.mapValues { try Tensor.concatenated($0, axis: 1).array(of: Int.self) }
        }
        try withoutGradients {
            let features = try inputs.required("input_features")
            let encoderStates = try network.encode(features, AdaptivePass(budget: 0.5))
            let pass = AdaptivePass(budget: 0.5)
            let whole = try network.decode(ids, encoderStates: encoderStates, pass)
            let memory = DecoderMemory()
            let passes = (0..<9).map { _ in AdaptivePass(budget: 0.5) }
            let states = try passes.enumerated().map { index, pass in
                try network.decode(
                    ids.slice(index..<index + 1, axis: 1), encoderStates: encoderStates, memory: memory, pass)
            }
            let difference = try (Tensor.concatenated(states, axis: 1) - whole).absolute().maximum()
            #expect(try difference.item(Double.self) < 1e-4)
            let together = try choices([pass])
            #expect(together.count == 18 && Set(together.values.flatMap { $0 }).count > 1)
            #expect(try choices(passes) == together)
        }
    }

    @Test func loadsCountTheTokensOfEachStack() throws {
        let pass = AdaptivePass(budget: 0.5)
        _ = try withoutGradients { try model(inputs, pass) }
        var meter = LoadMeter(model)
        try meter.add(pass)
        let real = try #require(inputs["decoder_attention_mask"]).sum().item(Int.self)
        for module in meter.modules {
            #expect(
                module.tokenCount == (module.place.tokenStack == .encoder ? 3 * 14 : real), "\(module.place)")
        }
    }

    @Test func costsCountTheTokensOfEachStack() throws {
        let cost = try ModelCost(dense, tokenCount: 7)
        func place(_ kind: SlotKind, _ stack: BlockStack = .decoder) -> SlotPlace {
            SlotPlace(stack: stack, block: 1, kind: kind)
        }
        #expect(cost.dense[place(.feedForward, .encoder)] == 2 * 14 * 20 * 28)
        #expect(cost.dense[place(.feedForward)] == 2 * 7 * 20 * 20)
        #expect(cost.dense[place(.crossQuery)] == 7 * 20 * 20)
        #expect(cost.dense[place(.crossKey)] == 14 * 20 * 20)
        // All the encoder's tokens see each other; the decoder's 7 see 1 to 7 of their own and 14 others.
        #expect(cost.attentionCore == 2 * 2 * 20 * (14 * 14 + 28 + 7 * 14))
        #expect(cost.head == 7 * 20 * 95 && cost.embedding == 3 * 20 * (28 * 5 + 14 * 20))
        let adaptive = try ModelCost(model, tokenCount: 7)
        #expect(adaptive.adaptive[place(.crossValue)]?.gate == 14 * (20 * 16 + 16 * 16 + 16 * 4))
        #expect(throws: ModelError.self) { try ModelCost(model) }
    }
}
