import AdaptiveComputation
import Conversion
import Datasets
import Evaluation
import Foundation
import TestSupport
import Testing
import Torch
import Transformers

@testable import Baselines

@Suite(.serialized) struct MoEficationTrainerTests {
    let folder: TemporaryFolder
    private let base = goldens.appendingPathComponent("deit_classifier")

    init() throws { folder = try TemporaryFolder() }

    private var options: MoEficationOptions {
        var options = MoEficationOptions()
        options.relu.steps = 6
        options.relu.batchSize = 4
        options.routers.steps = 6
        options.routers.batchSize = 4
        options.expertWidth = 13
        options.routerWidth = 8
        options.task.checkpointSteps = 4
        return options
    }

    private func train(_ name: String, failingAfter batches: Int = .max) throws -> AdaptiveModel {
        try MoEficationTrainer(
            BaselineRun(
                base, output: folder[name], dataset: FailingDataset(noise(folder, base), after: batches),
                loading: LoadingOptions(workers: 0)), options: options)()
    }

    @Test func aModelComesOutThatRunsAtAllBudgets() throws {
        let model = try train("out")
        #expect(model.isAdaptive && model.configuration == nil)
        let loaded = try #require(try MoEfication.load(folder["out"]))
        let input = ModelInputs(["pixel_values": try .normal([2, 3, 24, 24])])
        for budget in [0.25, 1] {
            let (first, second) = try withoutGradients {
                try (
                    model(input, AdaptivePass(budget: budget)).required("logits").array(of: Float.self),
                    loaded(input, AdaptivePass(budget: budget)).required("logits").array(of: Float.self)
                )
            }
            #expect(zip(first, second).allSatisfy { abs($0 - $1) < 1e-5 })
        }
        let result = try ClassifierEvaluation(loaded, noise(folder, base), budgets: [1, 0.5, 0.25])
        #expect(result.entries.map(\.load) == [1, 0.5, 0.25])
        let dense = try ModelCost(AdaptiveModel(dense: ModelFolder.load(base))).total()
        #expect(result.entries[0].macs > dense && result.entries[2].macs < dense)
        #expect(try MoEfication.load(base) == nil)
    }

    /// Ended in either stage and called again, a run comes to the weights of one that was not.
    @Test(arguments: [5, 11]) func resumes(batches: Int) throws {
        let whole = try train("whole")
        #expect(throws: FailingDataset.Failure.self) { try train("killed", failingAfter: batches) }
        let resumed = try train("killed")
        for (first, second) in zip(whole.network.namedParameters(), resumed.network.namedParameters()) {
            #expect(
                try first.tensor.array(of: Float.self) == second.tensor.array(of: Float.self), "\(first.name)"
            )
        }
        #expect(!FileManager.default.fileExists(atPath: folder["killed/checkpoint"].path))
    }

    @Test func badExperts() throws {
        var options = options
        options.expertWidth = 7
        let run = BaselineRun(base, output: folder["out"], dataset: try noise(folder, base))
        #expect {
            try MoEficationTrainer(run, options: options)()
        } throws: {
            $0.localizedDescription.contains("cannot be parted into experts of 7")
        }
    }
}
