import Foundation
import Testing
import Torch
import Transformers

@testable import AdaptiveComputation

@Suite struct BudgetCalibratorTests {
    /// A converted golden with gates as they are drawn, and two sets of random inputs.
    private func model(
        _ name: String, kinds: [SlotKind] = [.feedForward], isConditioned: Bool = true, samples: Int = 32
    ) throws -> (model: AdaptiveModel, known: ModelInputs, held: ModelInputs) {
        let golden = AdaptiveModelTests()
        let model = try golden.converted(
            name, SurgeryOptions(kinds: kinds, isBudgetConditioned: isConditioned))
        for (_, module) in model.modules {
            // Drawn gates hardly tell tokens apart.
            try withoutGradients {
                for layer in module.gate.layers { try layer.weight.fillUniformInPlace(-0.5..<0.5) }
            }
        }
        func inputs() throws -> ModelInputs { try self.inputs(of: golden.inputs(name), count: samples) }
        return (model, try inputs(), try inputs())
    }

    /// Random inputs of the golden's types and widths.
    private func inputs(of given: ModelInputs, count: Int) throws -> ModelInputs {
        ModelInputs(
            try given.tensors.mapValues { tensor in
                let shape = [count] + tensor.shape.dropFirst()
                if tensor.dataType.isFloatingPoint {
                    return try Tensor.empty(shape).fillUniformInPlace(-1..<1)
                }
                let isMask = try tensor.to(nil, .int64).maximum().item(Int.self) <= 1
                if isMask { return try Tensor.full(shape, 1, tensor.dataType) }
                return try Tensor.empty(shape).fillUniformInPlace(1..<20).to(nil, .int64)
            })
    }

    private func load(_ model: AdaptiveModel, _ inputs: ModelInputs, _ budget: Double) throws -> Double {
        try withoutGradients {
            let pass = AdaptivePass(budget: budget)
            _ = try model(inputs, pass)
            var meter = LoadMeter(model)
            try meter.add(pass)
            return meter.load
        }
    }

    @Test(arguments: ["bert_classifier", "vit", "dinov2", "wav2vec2_ctc", "wavlm", "whisper"])
    func loadsAreTheBudgetsAndNeverFall(name: String) throws {
        let (model, known, _) = try model(name)
        let calibrated = try BudgetCalibrator(batchCount: 1) { _ in known }.run(model)
        let asked = [0.2, 0.33, 0.5, 0.61, 0.77, 0.9]
        let found = try asked.map { try load(calibrated, known, $0) }
        for (asked, found) in zip(asked, found) { #expect(abs(asked - found) < 0.01, "\(asked) \(found)") }
        #expect(try load(calibrated, known, 1) == 1)
        let all = try (0...40).map { try load(calibrated, known, Double($0) / 40) }
        #expect(zip(all, all.dropFirst()).allSatisfy { $0 <= $1 + 0.004 }, "\(all)")
        let calibration = try #require(calibrated.calibration)
        #expect(calibration.sampleCount == 32 && calibration.modules.count == model.modules.count)
        #expect(
            zip(calibration.budgets, calibration.loads).allSatisfy { abs($0 - $1) < 0.01 },
            "\(calibration.loads)")
    }

    /// Of every family, on samples of the same kind that calibration did not see.
    @Test(arguments: ["bert", "vit", "deit", "dinov2", "wav2vec2_ctc", "hubert", "wavlm", "whisper"])
    func loadsOnOtherSamplesAreTheBudgets(name: String) throws {
        try Runtime.seed(3)
        let (model, known, held) = try model(name, samples: 1024)
        let calibrated = try BudgetCalibrator(batchCount: 1) { _ in known }.run(model)
        for asked in (4...20).map({ Double($0) / 20 }) {
            let found = try load(calibrated, held, asked)
            #expect(abs(asked - found) < 0.01, "\(asked) \(found)")
        }
    }

    /// With the same input a larger budget gives no token fewer learners.
    @Test func noTokenLosesLearnersToALargerBudget() throws {
        let (model, known, held) = try model("bert")
        let calibrated = try BudgetCalibrator(batchCount: 1) { _ in known }.run(model)
        let first = try (0...50).map { step in
            let pass = AdaptivePass(budget: Double(step) / 50)
            _ = try withoutGradients { try calibrated(held, pass) }
            return try #require(pass.trace.first).choices.flattened().array(of: Int.self)
        }
        for (lower, upper) in zip(first, first.dropFirst()) {
            #expect(zip(lower, upper).allSatisfy { $0 <= $1 })
        }
        #expect(first.first != first.last)
    }

    /// Projections always run one learner of four: no load is below a quarter.
    @Test func budgetsThatCannotBeHadGetTheLeastLoad() throws {
        let (model, known, _) = try model("vit", kinds: [.query, .value], isConditioned: false)
        let calibrated = try BudgetCalibrator(batchCount: 1) { _ in known }.run(model)
        for budget in [0, 0.1, 0.2] {
            let found = try load(calibrated, known, budget)
            #expect((0.25..<0.26).contains(found), "\(found)")
        }
        #expect(abs(try load(calibrated, known, 0.7) - 0.7) < 0.01)
    }

    @Test func furtherBatchesAreLeftOutWhereTokensSuffice() throws {
        let (model, known, held) = try model("vit")
        var calibrator = BudgetCalibrator(batchCount: 2) { $0 == 0 ? known : held }
        calibrator.budgets = [0.5]
        #expect(try calibrator.run(model).calibration?.sampleCount == 64)
        calibrator.tokenLimit = 40
        #expect(try calibrator.run(model).calibration?.sampleCount == 32)
    }

    @Test func calibrationIsKeptInTheFolder() throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("acm-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: folder) }
        let (model, known, held) = try model("bert")
        let calibrated = try BudgetCalibrator(batchCount: 1) { _ in known }.run(model)
        try calibrated.save(to: folder, copyingFrom: nil)
        let loaded = try AdaptiveModel.load(folder)
        #expect(loaded.calibration == calibrated.calibration)
        #expect(try load(loaded, held, 0.4) == load(calibrated, held, 0.4))

        // A file of another model, one whose rows fall, and one with a negative count are refused.
        let file = folder.appendingPathComponent(BudgetCalibration.fileName)
        let text = try String(contentsOf: file, encoding: .utf8)
        let other = text.replacingOccurrences(of: "blocks.1.feedForward", with: "blocks.7.feedForward")
        try other.write(to: file, atomically: true, encoding: .utf8)
        let error = #expect(throws: JSONError.self) { try AdaptiveModel.load(folder) }
        #expect(error?.localizedDescription.contains("blocks.1.feedForward") == true)
        let value = try JSONValue(parsing: text)
        for (key, change) in [
            ("offsets", { (rows: [JSONValue]) -> [JSONValue] in Array(rows.reversed()) }),
            ("histograms", { rows in [.array(Array(repeating: -1, count: 5))] + rows.dropFirst() }),
        ] {
            var modules = try #require(value["modules"]?.arrayValue)
            var module = try #require(modules[0].objectValue)
            module[key] = .array(change(try #require(module[key]?.arrayValue)))
            modules[0] = .object(module)
            var whole = try #require(value.objectValue)
            whole["modules"] = .array(modules)
            try JSONValue.object(whole).write(to: file)
            let error = #expect(throws: JSONError.self) { try AdaptiveModel.load(folder) }
            #expect(error?.localizedDescription.contains(key) == true)
        }
        // Saved without calibration, the old file goes.
        try model.save(to: folder, copyingFrom: nil)
        #expect(try AdaptiveModel.load(folder).calibration == nil)
    }
}
