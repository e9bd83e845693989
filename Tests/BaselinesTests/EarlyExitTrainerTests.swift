import AdaptiveComputation
import Conversion
import Datasets
import Foundation
import TestSupport
import Testing
import Torch
import Transformers

@testable import Baselines

@Suite(.serialized) struct EarlyExitTrainerTests {
    let folder: TemporaryFolder
    private let base = goldens.appendingPathComponent("deit_classifier")

    init() throws { folder = try TemporaryFolder() }

    private var options: EarlyExitOptions {
        var options = EarlyExitOptions()
        options.exits.steps = 6
        options.exits.batchSize = 4
        options.ensembles.steps = 6
        options.ensembles.batchSize = 4
        options.task.checkpointSteps = 4
        return options
    }

    private func train(_ name: String, failingAfter batches: Int = .max) throws -> EarlyExitModel {
        try EarlyExitTrainer(
            BaselineRun(
                base, output: folder[name], dataset: FailingDataset(noise(folder, base), after: batches),
                loading: LoadingOptions(workers: 0)), options: options)()
        let loaded = try EarlyExitModel.load(folder[name])
        return try #require(loaded?.network as? EarlyExitModel)
    }

    @Test func exitsLearnAndTheBaseStays() throws {
        let model = try train("out")
        let dense = try ModelFolder.load(base)
        for (first, second) in zip(dense.namedParameters(), model.base.namedParameters()) {
            #expect(try first.tensor.array(of: Float.self) == second.tensor.array(of: Float.self))
        }
        let thresholds = try #require(model.thresholds)
        #expect(!thresholds.budgets.isEmpty)
        #expect(try EarlyExitModel.load(base) == nil)
        // The same data costs what was asked for, or less where samples leave together.
        let budget = thresholds.budgets[thresholds.budgets.count / 2]
        let pass = AdaptivePass(budget: budget)
        _ = try withoutGradients {
            try model(noise(folder, base).batch(Array(0..<16)).inputs, pass)
        }
        let cost = try #require(try pass.sampleCosts?()).reduce(0, +) / 16
        #expect(try cost <= budget * ModelCost(AdaptiveModel(dense: dense)).total() * (1 + 1e-9))
    }

    /// Ended in either stage and called again, a run comes to the weights of one that was not.
    @Test(arguments: [5, 11]) func resumes(batches: Int) throws {
        let whole = try train("whole")
        #expect(throws: FailingDataset.Failure.self) { try train("killed", failingAfter: batches) }
        let resumed = try train("killed")
        for (first, second) in zip(whole.namedParameters(), resumed.namedParameters()) {
            #expect(
                try first.tensor.array(of: Float.self) == second.tensor.array(of: Float.self), "\(first.name)"
            )
        }
        #expect(whole.thresholds == resumed.thresholds)
    }

    @Test func onlyClassifiersHaveExits() throws {
        let run = BaselineRun(
            goldens.appendingPathComponent("vit"), output: folder["out"], dataset: try noise(folder, base))
        #expect {
            try EarlyExitTrainer(run, options: options)()
        } throws: {
            $0.localizedDescription.contains("is no classifier")
        }
    }
}
