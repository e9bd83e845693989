import AdaptiveComputation
import Datasets
import Foundation
import Testing
import Torch
import Transformers

@testable import Conversion

/// The control that keeps loads at the budgets that phase III draws.
@Suite(.serialized) struct BudgetControlTests {
    private func modules() throws -> [AdaptiveModule] {
        let model = try AdaptiveModel.convert(
            ModelFolder.load(goldens.appendingPathComponent("bert")), ConversionOptions().surgery,
            calibration: [RandomTokens(vocabulary: 101).batch([0, 1])].map(\.inputs))
        return model.modules.map(\.module)
    }

    /// Of 21 numbers, 0.05 apart, those within 0.15 of the budget move, by gain · (1 - distance / 0.15) · (β - load).
    @Test func aStepMovesTheShiftsNearItsBudget() throws {
        let control = try BudgetControl(modules(), gain: 2, device: .cpu)
        try control.learn(.full([], 0.6), budget: 0.5)
        let moved = try control.shifts.array(of: Double.self)
        for (number, shift) in moved.enumerated() {
            let expected = 2 * max(0, 1 - abs(Double(number) / 20 - 0.5) / 0.15) * (0.5 - 0.6)
            #expect(abs(shift - expected) < 1e-6, "\(number)")
        }
        // Halfway between 0.5, which moved by -0.2, and 0.55, which moved by two thirds of it.
        let between = try control.shift(at: 0.525).value.item(Double.self)
        #expect(abs(between - (-0.2 - 0.2 * 2 / 3) / 2) < 1e-6)
        #expect(try abs(control.shift(at: 0.5).value.item(Double.self) - moved[10]) < 1e-6)
    }

    /// Something whose load is a sigmoid of the shift, as gates' nearly is.
    @Test func loadsComeToTheirBudgets() throws {
        let control = try BudgetControl(modules(), gain: 2, device: .cpu)
        func load(_ budget: Double) throws -> Double {
            1 / (1 + exp(-1 - 2 * (try control.shift(at: budget).value.item(Double.self))))
        }
        var random = SplitMix64(seed: 3)
        for _ in 0..<300 {
            let budget = 0.15 + 0.85 * random.unit()
            try control.learn(.full([], load(budget)), budget: budget)
        }
        for budget in [0.2, 0.31, 0.5, 0.77, 0.9] {
            #expect(try abs(load(budget) - budget) < 0.02, "\(budget)")
        }
    }

    /// What is reported of gates in training, and what held-out samples say, is with the shifts of training.
    @Test func measurementsInTrainingAreShifted() throws {
        var options = ConversionOptions()
        options.finetuning.optimisation.batchSize = 8
        options.heldOut.budgets = [0.25, 0.5]
        let dataset = RandomTokens(vocabulary: 101)
        let training = try self.training(options, dataset)
        let control = try #require(training.control)
        try control.shifts.fillInPlace(1000)
        #expect(try training.gateReport(0).meter.load == 1)
        let evaluator = HeldOutEvaluator(
            dataset: dataset, model: training.model, teacher: training.teacher, options: options,
            device: .cpu, loading: LoadingOptions(workers: 0))
        #expect(try evaluator.evaluate(step: 0, control: control).scores.map(\.load) == [1, 1])
        #expect(try evaluator.evaluate(step: 0).scores.allSatisfy { $0.load < 1 })
    }

    private func training(_ options: ConversionOptions, _ dataset: RandomTokens) throws -> PhaseTraining {
        try Runtime.seed(1)
        let folder = goldens.appendingPathComponent("bert_classifier")
        let model = try AdaptiveModel.convert(
            ModelFolder.load(folder), options.surgery, calibration: [dataset.batch(Array(0..<8)).inputs])
        return try PhaseTraining(
            .finetuning, model: model, teacher: .load(folder), options, dataset, .cpu,
            loading: LoadingOptions(workers: 0))
    }

    /// A model that is not calibrated keeps no shifts, so that it is not trained with any.
    @Test func onlyCalibratedModelsAreTrainedUnderControl() throws {
        let dataset = RandomTokens(vocabulary: 101)
        #expect(try training(ConversionOptions(), dataset).control != nil)
        var options = ConversionOptions()
        options.calibrationSamples = 0
        #expect(try training(options, dataset).control == nil)
        #expect(!ConversionOptions.paper(budget: 0.5).controlsLoads)
    }

    /// Without any loss of the budget, which would move it, too.
    @Test func phaseThreeTrainsAtItsBudgets() throws {
        func distance(gain: Double) throws -> Double {
            var options = ConversionOptions()
            options.finetuning.controlGain = gain
            options.finetuning.budgetWeight = 0
            options.finetuning.optimisation.steps = 40
            options.finetuning.optimisation.batchSize = 8
            options.finetuning.lowestBudget = 0.2
            options.finetuning.highestBudget = 0.2
            let training = try self.training(options, RandomTokens(vocabulary: 101))
            var distances: [Double] = []
            for step in 0..<40 {
                let values = try training.step(step, readsValues: true)
                let load = try #require(values.first { $0.name == "load" }).value
                if step >= 30 { distances.append(abs(load - 0.2)) }
            }
            return distances.reduce(0, +) / Double(distances.count)
        }
        let (free, controlled) = (try distance(gain: 0), try distance(gain: 2))
        #expect(controlled < 0.05 && controlled < free / 2, "\(controlled), without control \(free)")
    }
}
