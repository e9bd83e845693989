import Foundation
import Testing
import Torch
import Transformers

@testable import AdaptiveComputation

@Suite struct PackingTests {
    private func inputs() throws -> ModelInputs {
        let mask = (0..<3 * 7).map { $0 % 7 <= 2 * ($0 / 7) + 1 ? 1 : 0 }
        return ModelInputs([
            "input_ids": try Tensor((0..<3 * 7).map { $0 * 11 % 30 }, shape: [3, 7]),
            "attention_mask": try Tensor(mask, shape: [3, 7]),
        ])
    }

    private func model(isAdaptive: Bool) throws -> AdaptiveModel {
        let dense = try ModelFolder.load(goldens.appendingPathComponent("bert_classifier"))
        try dense.setRequiresGradient(false)
        guard isAdaptive else { return AdaptiveModel(dense: dense) }
        try Runtime.seed(1)
        return try .convert(
            dense, SurgeryOptions(kinds: [.feedForward, .query, .output], learnerCount: 4),
            calibration: [inputs()])
    }

    /// Packed weights give what the model gives, and cost what it costs.
    @Test(arguments: [false, true], [1.0, 0.4])
    func packedModelsGiveTheSame(isAdaptive: Bool, budget: Double) throws {
        let model = try model(isAdaptive: isAdaptive)
        let packed = try model.packed(.float32)
        #expect(packed.isPacked && !model.isPacked)
        let (pass, packedPass) = (AdaptivePass(budget: budget), AdaptivePass(budget: budget))
        let (wanted, found) = try withoutGradients {
            try (
                model(inputs(), pass).required("logits").array(of: Float.self),
                packed(inputs(), packedPass).required("logits").array(of: Float.self)
            )
        }
        #expect(zip(wanted, found).allSatisfy { abs($0 - $1) < 1e-4 }, "\(wanted) \(found)")
        #expect(pass.trace.count == packedPass.trace.count)
        #expect(try ModelCost(model, tokenCount: 7) == ModelCost(packed, tokenCount: 7))
    }

    /// Joined projections give what they gave apart, are saved as before, and learn as before.
    @Test func joinedProjectionsGiveTheSame() throws {
        let (model, apart) = try (model(isAdaptive: false), model(isAdaptive: false))
        func logits(_ model: AdaptiveModel) throws -> [Float] {
            try withoutGradients {
                try model(inputs(), AdaptivePass()).required("logits").array(of: Float.self)
            }
        }
        try model.joinProjections()
        let first = try [SlotKind.query, .key, .value].map { kind in
            let layer = try #require(model.network.slot(at: SlotPlace(block: 1, kind: kind)) as? Linear)
            return try layer.weight.withBytes { (UInt(bitPattern: $0.baseAddress), UInt($0.count)) }
        }
        #expect(first[0].0 + first[0].1 == first[1].0 && first[1].0 + first[1].1 == first[2].0)
        func difference() throws -> Float {
            try zip(logits(model), logits(apart)).map { abs($0 - $1) }.max() ?? .nan
        }
        #expect(try difference() < 1e-5)
        let query = SlotPlace(block: 1, kind: .query)
        let layers = try [model, apart].map { try #require($0.network.slot(at: query) as? Linear) }
        #expect(try layers[0].weight.array(of: Float.self) == layers[1].weight.array(of: Float.self))
        for layer in layers { try layer.weight.fillInPlace(0.1) }
        #expect(try difference() < 1e-5)
        for model in [model, apart] {
            try model.network.setRequiresGradient(true)
            try model(inputs(), AdaptivePass()).required("logits").sum().backward()
        }
        let gradients = try layers.map { try #require(try $0.weight.gradient).array(of: Float.self) }
        #expect(zip(gradients[0], gradients[1]).allSatisfy { abs($0 - $1) < 1e-5 })
        // An adaptive query is left as it is.
        let adaptive = try self.model(isAdaptive: true)
        try adaptive.joinProjections()
        #expect(try logits(adaptive).count == logits(model).count)
    }

    /// bfloat16 and int8 stay near.
    @Test(arguments: [PackedPrecision.bfloat16, .int8]) func lowerPrecisions(_ precision: PackedPrecision)
        throws
    {
        let model = try model(isAdaptive: true)
        let packed = try model.packed(precision)
        let (wanted, found) = try withoutGradients {
            try (
                model(inputs(), AdaptivePass()).required("logits").array(of: Float.self),
                packed(inputs(), AdaptivePass()).required("logits").array(of: Float.self)
            )
        }
        let scale = wanted.map(abs).max() ?? 0
        let error = zip(wanted, found).map { abs($0 - $1) }.max() ?? 0
        #expect(error < 0.05 * scale && error > 0)
    }

    /// The residual that a packed slot adds itself, in a block's pass and where somebody observes the slots.
    @Test(arguments: PackedPrecision.allCases, [false, true])
    func residualsAreAdded(_ precision: PackedPrecision, isAdaptive: Bool) throws {
        let network = try model(isAdaptive: isAdaptive).packed(precision).network
        try Runtime.seed(2)
        for kind in [SlotKind.feedForward, .output] {
            let place = SlotPlace(block: 0, kind: kind)
            let slot = try #require(network.slot(at: place))
            let input = try Tensor.normal([2, 5, slot.inputWidth])
            let residual = try Tensor.normal([2, 5, slot.outputWidth])
            let (alone, sum) = try withoutGradients {
                try (
                    slot(input, at: place, AdaptivePass(budget: 0.4)),
                    slot(input, addedTo: residual, at: place, AdaptivePass(budget: 0.4))
                )
            }
            let error = try (sum - (residual + alone)).norm().item(Float.self)
            #expect(error < 1e-4, "\(place)")
        }
    }

    /// Observers see what slots give, not the sums that packed slots make of it.
    @Test(arguments: ["vit", "bert", "wav2vec2", "whisper"]) func observersSeeSlotsAlone(name: String) throws
    {
        let folder = goldens.appendingPathComponent(name)
        let model = AdaptiveModel(dense: try ModelFolder.load(folder))
        let packed = try model.packed(.float32)
        let inputs = ModelInputs(
            try SafetensorsFile(folder.appendingPathComponent("inputs.safetensors")).tensors())
        func run(_ model: AdaptiveModel, observed: Bool) throws -> (seen: [Tensor], output: Tensor) {
            var seen: [Tensor] = []
            let pass = AdaptivePass()
            if observed { pass.observe = { _, _, _, output in seen.append(output) } }
            let outputs = try withoutGradients { try model(inputs, pass) }
            return (seen, try #require(outputs.tensors.first?.tensor))
        }
        let wanted = try run(model, observed: true)
        let found = try run(packed, observed: true)
        #expect(found.seen.count == wanted.seen.count && !found.seen.isEmpty)
        let pairs = zip(
            found.seen + [found.output, try run(packed, observed: false).output],
            wanted.seen + [wanted.output, wanted.output])
        for (tensor, expected) in pairs {
            let error = try (tensor - expected).norm().item(Float.self)
            #expect(try error <= 1e-4 * max(1, expected.norm().item(Float.self)))
        }
    }

    @Test func packedModelsAreNotSaved() throws {
        let packed = try model(isAdaptive: true).packed(.float32)
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
        #expect {
            try packed.save(to: folder, copyingFrom: nil)
        } throws: {
            $0.localizedDescription.contains("packed weights cannot be saved")
        }
        #expect(!FileManager.default.fileExists(atPath: folder.path))
    }
}
