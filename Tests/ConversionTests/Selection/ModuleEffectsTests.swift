import AdaptiveComputation
import Foundation
import Testing
import Torch
import Transformers

@testable import Conversion

@Suite struct ModuleEffectsTests {
    /// For each kind of output: nothing is lost where nothing is cut, and the cost counts the tokens seen.
    @Test(arguments: ["bert", "vit_classifier", "dinov2", "wav2vec2_ctc", "whisper"])
    func everyModuleOfEveryFamilyIsMeasured(name: String) throws {
        let folder = goldens.appendingPathComponent(name)
        let dense = AdaptiveModel(dense: try ModelFolder.load(folder))
        let inputs = ModelInputs(
            try SafetensorsFile(folder.appendingPathComponent("inputs.safetensors")).tensors())
        let model = try AdaptiveModel.convert(
            dense.network, SurgeryOptions(kinds: SlotKind.allCases), calibration: [inputs])
        let effects = try ModuleEffects(model, dense: dense)
        let found = try effects.measure([inputs])
        #expect(found.effects.count == model.modules.count && found.tokenCount > 0)
        for ((place, module), values) in zip(model.modules, found.effects) {
            #expect(values.count == 5 - module.minimumChoice && values.allSatisfy(\.isFinite))
            #expect(values[values.count - 1] <= values[0] + 1e-5, "\(place) \(values)")
            if place.kind == .feedForward {
                #expect(
                    values[4] < 1e-2 && values[0] > 1e-4 && values[0] > 2 * values[4], "\(place) \(values)")
            }
        }
        if name == "bert" {
            // Padding is no token.
            let mask = try inputs.required("attention_mask")
            let real = try mask.sum().item(Double.self) / Double(inputs.sampleCount)
            #expect(found.tokenCount == Int(real.rounded()) && found.tokenCount < mask.shape[1])
        }
        let candidates = try effects.candidates(found.effects, tokenCount: found.tokenCount)
        let cost = try ModelCost(dense, tokenCount: found.tokenCount)
        #expect(candidates.map(\.place) == model.modules.map(\.place))
        for candidate in candidates {
            #expect(candidate.denseCost == cost.dense[candidate.place].map(Double.init))
            #expect(candidate.choices.map(\.learnerCount) == Array((5 - candidate.choices.count)..<5))
        }
        #expect(throws: ConversionError.self) { try effects.measure([]) }
    }
}
