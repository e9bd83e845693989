import Foundation
import TestSupport
import Testing
import Torch
import Transformers

@testable import AdaptiveComputation

@Suite struct GraphedModelTests {
    private func inputs(_ name: String) throws -> ModelInputs {
        ModelInputs(
            try SafetensorsFile(goldens.appendingPathComponent("\(name)/inputs.safetensors")).tensors())
    }

    @Test func graphsAreOfCUDADevices() throws {
        let dense = AdaptiveModel(dense: try ModelFolder.load(goldens.appendingPathComponent("bert")))
        #expect(throws: TorchError.self) { try GraphedModel(dense, like: inputs("bert")) }
    }

    /// The same numbers and choices as without a graph, also for other inputs than those of the recording.
    @Test(.enabled(if: (try? Device.count(of: .cuda)) ?? 0 > 0), arguments: ["vit", "wav2vec2_ctc"])
    func aGraphGivesWhatTheModelGives(name: String) throws {
        let dense = try ModelFolder.load(goldens.appendingPathComponent(name))
        let converted = try AdaptiveModel.convert(
            dense, SurgeryOptions(kinds: SlotKind.allCases), calibration: [inputs(name)])
        let folder = try TemporaryFolder()
        try BudgetCalibrator(batchCount: 1) { _ in try inputs(name) }.run(converted)
            .save(to: folder.url, copyingFrom: nil)
        let model = try AdaptiveModel.load(folder.url, type: .bfloat16, device: .cuda)
        let start = try inputs(name).to(.cuda, .bfloat16)
        for budget in [1, 0.5] {
            let graph = try GraphedModel(model, like: start, budget: budget)
            for factor in [1, -0.5] {
                let given = ModelInputs(
                    try start.tensors.mapValues { $0.dataType == .bfloat16 ? try $0 * factor : $0 })
                let pass = AdaptivePass(budget: budget)
                let wanted = try withoutGradients { try model(given, pass).tensors[0].tensor }
                #expect(try graph(given).tensors[0].tensor.equals(wanted).allTrue())
                #expect(graph.pass.trace.count == pass.trace.count)
                for (one, other) in zip(graph.pass.trace, pass.trace) {
                    #expect(try one.choices.equals(other.choices).allTrue())
                }
            }
            #expect(throws: ModelError.self) { try graph(ModelInputs([:])) }
        }
    }
}
