import Testing
import Torch
import Transformers

@testable import AdaptiveComputation

@Suite struct DriftMonitorTests {
    @Test func divergenceInBits() {
        #expect(DriftMonitor.divergence([0.5, 0.5], [0.5, 0.5]) == 0)
        #expect(abs(DriftMonitor.divergence([1, 0], [0, 1]) - 1) < 1e-12)
        // Half of KL((1, 0), (3/4, 1/4)) and of KL((1/2, 1/2), (3/4, 1/4)).
        #expect(abs(DriftMonitor.divergence([1, 0], [0.5, 0.5]) - 0.311278) < 1e-5)
    }

    @Test func otherDataGiveAnAlarm() throws {
        let golden = AdaptiveModelTests()
        let model = try golden.converted("vit")
        for (_, module) in model.modules {
            try withoutGradients {
                for layer in module.gate.layers { try layer.weight.fillUniformInPlace(-1..<1) }
            }
        }
        #expect(throws: ModelError.self) { try DriftMonitor(model, budget: 0.5) }
        let shape = try golden.inputs("vit").tensors["pixel_values"].map { [64] + $0.shape.dropFirst() } ?? []
        func images(_ range: Range<Double>) throws -> ModelInputs {
            ModelInputs(["pixel_values": try Tensor.empty(shape).fillUniformInPlace(range)])
        }
        let known = try images(-1..<1)
        let calibrated = try BudgetCalibrator(batchCount: 1) { _ in known }.run(model)
        var alarms: [DriftMonitor.Drift] = []
        var monitor = try DriftMonitor(calibrated, budget: 0.5, leastTokenCount: 100) { alarms.append($0) }
        func add(_ inputs: ModelInputs) throws {
            let pass = AdaptivePass(budget: 0.5)
            _ = try withoutGradients { try calibrated(inputs, pass) }
            try monitor.add(pass)
        }
        #expect(monitor.drift == nil)
        try add(known)
        try add(images(-1..<1))
        #expect(alarms.isEmpty && (monitor.drift?.divergence ?? 1) < 0.005)
        monitor.reset()
        #expect(monitor.drift == nil)
        // A few tokens are too few for an alarm.
        var patient = try DriftMonitor(calibrated, budget: 0.5) { _ in Issue.record("an alarm too early") }
        let pass = AdaptivePass(budget: 0.5)
        _ = try withoutGradients { try calibrated(images(4..<9), pass) }
        try patient.add(pass)
        #expect((patient.drift?.divergence ?? 0) > patient.threshold)
        try add(images(4..<9))
        let drift = try #require(alarms.last)
        #expect(drift.divergence > 0.01 && drift.worstDivergence >= drift.divergence)
        #expect(abs(drift.expectedLoad - 0.5) < 0.01)
    }
}
