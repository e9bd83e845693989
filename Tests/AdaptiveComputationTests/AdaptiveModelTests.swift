import Foundation
import Testing
import Torch
import Transformers

@testable import AdaptiveComputation

let goldens = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .appendingPathComponent("Goldens")

@Suite struct AdaptiveModelTests {
    func inputs(_ name: String) throws -> ModelInputs {
        ModelInputs(
            try SafetensorsFile(goldens.appendingPathComponent("\(name)/inputs.safetensors")).tensors())
    }

    func converted(_ name: String, _ options: SurgeryOptions = SurgeryOptions()) throws -> AdaptiveModel {
        try Runtime.seed(3)
        let dense = try ModelFolder.load(goldens.appendingPathComponent(name))
        return try .convert(dense, options, calibration: [inputs(name)])
    }

    func states(_ model: AdaptiveModel, _ name: String, _ pass: ForwardPass) throws -> Tensor {
        try withoutGradients { try model(inputs(name), pass).tensors[0].tensor }
    }

    /// Before any training, with all learners, for GELU and ReLU bases and learner counts that do and do
    /// not divide the hidden widths of 52 and, of DINOv2, 72. The constants take a neuron of each learner.
    @Test(
        arguments: [
            "bert", "bert_relu", "vit", "vit_tanh_gelu", "deit_distilled", "dinov2", "wav2vec2_ctc",
            "wav2vec2_old_names", "hubert_ctc", "wavlm",
        ], [1, 2, 4, 5])
    func allLearnersAreCloseToTheDenseModel(name: String, learnerCount: Int) throws {
        let dense = AdaptiveModel(dense: try ModelFolder.load(goldens.appendingPathComponent(name)))
        let model = try converted(name, SurgeryOptions(learnerCount: learnerCount))
        let wanted = try states(dense, name, ForwardPass())
        let found = try states(model, name, AdaptivePass(mode: .fixed(learnerCount)))
        let error = try (found - wanted).norm().item(Double.self) / wanted.norm().item(Double.self)
        #expect(error < 0.15, "\(error)")
    }

    /// Feed-forwards and projections; one learner, some, and all.
    @Test(arguments: [1, 3, 4]) func theUniformCutGivesWhatItsLearnersGave(count: Int) throws {
        let model = try converted("bert", SurgeryOptions(kinds: [.feedForward, .query]))
        let cut = try model.uniformCut(learnerCount: count)
        let wanted = try states(model, "bert", AdaptivePass(mode: .fixed(count)))
        let pass = AdaptivePass(budget: 0.1)
        let found = try states(cut, "bert", pass)
        #expect(try (found - wanted).absolute().maximum().item(Double.self) < 1e-5)
        #expect(try pass.trace.allSatisfy { try $0.choices.equals(Double(count)).allTrue() })
        let macs = try ModelCost(cut, tokenCount: 8).total()
        #expect(try macs <= ModelCost(model, tokenCount: 8).total(load: Double(count) / 4))
        #expect(throws: ModelError.self) { try model.uniformCut(learnerCount: 5) }
        let error = #expect(throws: ModelError.self) {
            try BudgetCalibrator(batchCount: 1) { _ in try inputs("bert") }.run(cut)
        }
        #expect(error?.localizedDescription.contains("no budgets to calibrate") == true)
    }

    @Test func someModulesCanBeGivenBack() throws {
        let dense = try Self.dense("bert")
        let model = try converted("bert", SurgeryOptions(kinds: SlotKind.allCases))
        let places = Set(dense.slotPlaces.filter { $0.block == 1 })
        let kept = try model.keeping(places, dense: dense)
        #expect(Set(kept.modules.map(\.place)) == places && kept.configuration?.modules.count == 5)
        #expect(model.modules.count == 15)
        let none = try model.keeping([], dense: dense)
        let wanted = try states(AdaptiveModel(dense: dense), "bert", ForwardPass())
        #expect(try states(none, "bert", AdaptivePass()).equals(wanted).allTrue())
    }

    /// Neurons of three matrices are no learners of two; fresh learners have the teacher's cost.
    @Test func swiGLUBlocksTakeFreshLearners() throws {
        let error = #expect(throws: ModelError.self) { try converted("dinov2_swiglu") }
        #expect(error?.localizedDescription.contains("blocks.0.feedForward is a SwiGLU") == true)
        let model = try converted("dinov2_swiglu", SurgeryOptions(recipe: .paper))
        let dense = try ModelCost(AdaptiveModel(dense: Self.dense("dinov2_swiglu")))
        let found = try ModelCost(model)
        let wanted = dense.dense.filter { $0.key.kind == .feedForward }.values.reduce(0, +)
        #expect(wanted == 2 * 17 * 3 * 36 * 48 && found.adaptable == wanted)
        #expect(try states(model, "dinov2_swiglu", AdaptivePass()).isFinite().allTrue())
        _ = try converted("dinov2_swiglu", SurgeryOptions(kinds: [.query, .output]))
    }

    static func dense(_ name: String) throws -> any TransformerModel {
        try ModelFolder.load(goldens.appendingPathComponent(name))
    }

    @Test func moreLearnersAreCloserToTheTeacher() throws {
        let dense = AdaptiveModel(dense: try ModelFolder.load(goldens.appendingPathComponent("bert")))
        let wanted = try states(dense, "bert", ForwardPass())
        for kinds in [[SlotKind.feedForward], [.query, .key, .value, .output]] {
            let model = try converted("bert", SurgeryOptions(kinds: kinds))
            let errors = try (1...4).map { count in
                try (states(model, "bert", AdaptivePass(mode: .fixed(count))) - wanted).norm().item(
                    Double.self)
            }
            #expect(errors[3] < errors[0], "\(kinds) \(errors)")
        }
    }

    @Test(arguments: ["bert", "vit_classifier", "dinov2_wide", "wav2vec2_ctc"])
    func savedModelsComeBackBitwise(name: String) throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("acm-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: folder) }
        let model = try converted(name, SurgeryOptions(kinds: SlotKind.allCases))
        try model.save(to: folder, copyingFrom: goldens.appendingPathComponent(name))
        let loaded = try AdaptiveModel.load(folder)
        #expect(loaded.configuration == model.configuration)
        for (saved, read) in zip(model.network.namedParameters(), loaded.network.namedParameters()) {
            #expect(saved.name == read.name)
            #expect(try saved.tensor.array(of: Float.self) == read.tensor.array(of: Float.self))
        }
        let base = try JSONValue(contentsOf: goldens.appendingPathComponent("\(name)/config.json"))
        let written = try JSONValue(contentsOf: folder.appendingPathComponent("config.json"))
        for key in base.objectValue?.keys ?? [] { #expect(written[key] == base[key], "\(key)") }
    }

    @Test func theTraceHasEveryModuleInOrder() throws {
        let model = try converted("bert", SurgeryOptions(kinds: SlotKind.allCases))
        let pass = AdaptivePass(budget: 0.5)
        _ = try states(model, "bert", pass)
        #expect(Set(pass.trace.map(\.place)) == Set(model.modules.map(\.place)))
        let shape = try inputs("bert").required("input_ids").shape
        let mask = try #require(pass.tokenMask)
        for decision in pass.trace {
            #expect(decision.choices.shape == shape)
            let padding = try decision.choices.rows(where: mask.logicalNot()).array(of: Int.self)
            #expect(padding.allSatisfy { $0 == decision.minimumChoice })
        }
    }

    /// Frames of padding get the fewest learners, and no load is counted for them.
    @Test func everyRealFrameOfSpeechHasAChoice() throws {
        let model = try converted("wav2vec2_ctc", SurgeryOptions(kinds: SlotKind.allCases))
        let pass = AdaptivePass(budget: 0.5)
        let logits = try states(model, "wav2vec2_ctc", pass)
        let mask = try #require(pass.tokenMask)
        #expect(mask.shape == Array(logits.shape.prefix(2)))
        #expect(Set(pass.trace.map(\.place)) == Set(model.modules.map(\.place)) && pass.trace.count == 10)
        for decision in pass.trace {
            #expect(decision.choices.shape == mask.shape)
            let padding = try decision.choices.rows(where: mask.logicalNot()).array(of: Int.self)
            #expect(!padding.isEmpty && padding.allSatisfy { $0 == decision.minimumChoice })
        }
        var meter = LoadMeter(model)
        try meter.add(pass)
        let frames = try mask.to(nil, .int64).sum().item(Int.self)
        #expect(meter.modules.allSatisfy { $0.tokenCount == frames })
    }

    @Test func everyTokenOfAnImageHasAChoice() throws {
        let model = try converted("deit_distilled", SurgeryOptions(kinds: SlotKind.allCases))
        let pass = AdaptivePass(budget: 0.5)
        _ = try states(model, "deit_distilled", pass)
        #expect(pass.tokenMask == nil)
        #expect(Set(pass.trace.map(\.place)) == Set(model.modules.map(\.place)))
        let batch = try inputs("deit_distilled").required("pixel_values").size(0)
        let tokens = try #require(model.network.dimensions.tokenCount)
        #expect(pass.trace.allSatisfy { $0.choices.shape == [batch, tokens] })
    }

    /// The one-hot choices of training select as inference would, and carry gradients to the gate.
    @Test func trainingReachesTheGate() throws {
        let model = try converted("bert")
        try model.network.setRequiresGradient(true)
        let pass = AdaptivePass(mode: .training(temperature: 0.8), budget: 0.5)
        try model(inputs("bert"), pass).tensors[0].tensor.square().sum().backward()
        for (place, module) in model.modules {
            for (name, tensor) in module.gate.namedParameters() {
                let norm = try #require(try tensor.gradient, "\(place) \(name)").norm().item(Double.self)
                #expect(norm > 0, "\(place) \(name)")
            }
        }
        for decision in pass.trace {
            let sums = try #require(decision.oneHot).sum(axis: -1).array(of: Float.self)
            #expect(sums.allSatisfy { abs($0 - 1) < 1e-6 })
        }
    }

    /// A shift that outweighs the noise decides in training what it decides at inference.
    @Test(arguments: [(-1000.0, 0), (1000, 4)]) func trainingIsShiftedAsInference(shift: Double, choice: Int)
        throws
    {
        let model = try converted("vit", SurgeryOptions(kinds: SlotKind.allCases))
        let cost = try Double(#require(model.modules.first).module.learnerCost)
        let shift = BudgetShift(try .full([], shift), meanCost: cost)
        for mode in [GatingMode.inference, .training(temperature: 0.8)] {
            let pass = AdaptivePass(mode: mode, budget: 0.5, shift: shift)
            _ = try states(model, "vit", pass)
            for decision in pass.trace {
                let expected = max(choice, decision.minimumChoice)
                #expect(try decision.choices.array(of: Int.self).allSatisfy { $0 == expected }, "\(mode)")
            }
        }
    }

    /// Each further learner is asked for by as much as it costs, over the mean.
    @Test func aShiftAsksForMoreLearners() throws {
        let model = try converted("vit")
        let module = try #require(model.modules.first).module
        let shift = BudgetShift(try .full([], 3), meanCost: Double(module.learnerCost) / 2)
        #expect(try shift.term(module).array(of: Float.self) == [0, 6, 12, 18, 24])
        // A block that is run again asks for as much.
        let block = try #require(AdaptivePass(shift: shift).forBlock() as? AdaptivePass)
        #expect(try block.shift?.term(module).array(of: Float.self) == [0, 6, 12, 18, 24])
        var seen: [Int] = []
        for value in [-1000, 1000] {
            let pass = AdaptivePass(
                budget: 0.5, shift: BudgetShift(try .full([], Double(value)), meanCost: shift.meanCost))
            _ = try states(model, "vit", pass)
            let chosen = try Set(pass.trace.flatMap { try $0.choices.array(of: Int.self) })
            #expect(chosen.count == 1)
            seen += chosen
        }
        #expect(seen == [0, 4])
    }

    @Test func fixedChoicesOutsideTheRangeAreRefused() throws {
        let model = try converted("bert")
        #expect(throws: TorchError.self) { try states(model, "bert", AdaptivePass(mode: .fixed(5))) }
    }

    @Test func costsAddUp() throws {
        let model = try converted("bert")
        let dense = AdaptiveModel(dense: try ModelFolder.load(goldens.appendingPathComponent("bert")))
        let denseCost = try ModelCost(dense, tokenCount: 7)
        let cost = try ModelCost(model, tokenCount: 7)
        let width = dense.network.dimensions.width
        let blocks = dense.network.dimensions.blockCount
        #expect(denseCost.attentionCore == 2 * blocks * 49 * width)
        #expect(denseCost.dense[SlotPlace(block: 0, kind: .feedForward)] == 2 * 7 * width * 52)
        #expect(cost.adaptable == blocks * 2 * 7 * width * 52)
        let gates = cost.adaptive.values.reduce(0) { $0 + $1.gate }
        #expect(cost.total() == denseCost.total() + Double(gates))
        #expect(throws: ModelError.self) { try ModelCost(model) }
    }

    /// Embeddings and head of speech cost by the frame: by hand for the shape of the golden.
    @Test func costsOfSpeechGrowWithTheFrames() throws {
        let dense = AdaptiveModel(
            dense: try ModelFolder.load(goldens.appendingPathComponent("wav2vec2_ctc")))
        let cost = try ModelCost(dense, tokenCount: 16)
        // 16 frames of 2 × 2 samples of the second layer's 32, those of 3 + 31 · 2 of the first's 65.
        let features = 65 * 5 * 20 + 32 * 3 * 20 * 24 + 16 * 2 * 24 * 28
        #expect(cost.embedding == features + 16 * (28 * 36 + 36 * 12 * 5))
        #expect(cost.head == 16 * 36 * 11)
    }
}
