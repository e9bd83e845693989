import Foundation
import Testing
import Torch
import Transformers

@testable import AdaptiveComputation

@Suite(.serialized) struct SteadyStateTests {
    private func converted(_ name: String) throws -> (model: AdaptiveModel, inputs: ModelInputs) {
        try Runtime.seed(3)
        let folder = goldens.appendingPathComponent(name)
        let inputs = ModelInputs(
            try SafetensorsFile(folder.appendingPathComponent("inputs.safetensors")).tensors())
        let options = SurgeryOptions(kinds: SlotKind.allCases)
        return (try .convert(ModelFolder.load(folder), options, calibration: [inputs]), inputs)
    }

    /// As a server would run it, packed, with budgets by turns.
    @Test(arguments: ["vit", "bert"]) func memoryDoesNotGrow(name: String) throws {
        var (model, inputs) = try converted(name)
        try model.pack(.float32)
        func run(_ count: Int) throws {
            try withoutGradients {
                for time in 0..<count {
                    _ = try model(inputs, AdaptivePass(budget: [1, 0.75, 0.5, 0.25][time % 4]))
                }
            }
        }
        try run(200)
        let handles = try Runtime.liveTensorCount()
        let allocated = try #require(Runtime.allocatedBytes)
        let isReset = Runtime.resetPeakResidentBytes()
        let resident = try #require(Runtime.peakResidentBytes)
        try run(2000)
        #expect(try Runtime.liveTensorCount() - handles < 100)
        // A leak of 32 bytes a pass would be 62 KiB.
        #expect(try #require(Runtime.allocatedBytes) - allocated < 48 << 10)
        if isReset { #expect(try #require(Runtime.peakResidentBytes) - resident < 2 << 20) }
    }
}
