import Foundation
import Testing
import Torch
import Transformers

@testable import AdaptiveComputation

@Suite struct ModuleLadderTests {
    let dense: any TransformerModel
    let model: AdaptiveModel
    let inputs: ModelInputs

    init() throws {
        let folder = goldens.appendingPathComponent("bert")
        dense = try ModelFolder.load(folder)
        let tensors = try SafetensorsFile(folder.appendingPathComponent("inputs.safetensors")).tensors()
        inputs = ModelInputs(tensors)
        model = try .convert(dense, SurgeryOptions(), calibration: [inputs])
    }

    /// Learners that give nothing and a bias of zero leave the output's whole energy.
    @Test func equalsTheFormula() throws {
        let module = model.modules[1]
        try withoutGradients {
            try module.module.learners.w2.fillInPlace(0)
            try module.module.learners.bias.fillInPlace(0)
        }
        let pass = ForwardPass()
        var wanted = 0.0
        pass.observe = { pass, place, _, output in
            guard place == module.place else { return }
            let rows = try pass.realRows(of: output, at: place).to(nil, .float64)
            let spread = try (rows - rows.mean(axis: 0)).square().sum().item(Double.self)
            wanted = try rows.square().sum().item(Double.self) / spread
        }
        _ = try withoutGradients { try dense(inputs, pass) }
        let meter = LadderMeter(model, dense: dense)
        try meter.add(inputs)
        let ladder = try meter.ladders()[1]
        #expect(ladder.place == module.place && ladder.learnerCount == 4 && ladder.minimumChoice == 0)
        #expect(ladder.errors.allSatisfy { abs($0 - wanted) < 1e-6 * wanted }, "\(ladder) \(wanted)")
    }

    /// Two batches are one of both, and padding counts nowhere.
    @Test func batchesAddUpAndPaddingDoesNotCount() throws {
        let rows = try inputs.required("input_ids").size(0)
        let whole = LadderMeter(model, dense: dense)
        try whole.add(inputs)
        let parts = LadderMeter(model, dense: dense)
        for row in 0..<rows {
            try parts.add(ModelInputs(inputs.tensors.mapValues { try $0.slice(row..<row + 1, axis: 0) }))
        }
        let tokens = try inputs.required("attention_mask").sum().item(Int.self)
        for (together, apart) in zip(try whole.ladders(), try parts.ladders()) {
            #expect(together.tokenCount == tokens && apart.tokenCount == tokens)
            #expect(zip(together.errors, apart.errors).allSatisfy { abs($0 - $1) < 1e-5 })
        }
    }

    @Test func withoutDataThereIsNoLadder() throws {
        #expect(throws: ModelError.self) { try LadderMeter(model, dense: dense).ladders() }
    }
}
