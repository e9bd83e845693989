import AdaptiveComputation
import Conversion
import Datasets
import Foundation
import TestSupport
import Testing
import Torch
import Transformers

@testable import Baselines

@Suite(.serialized) struct TokenHaltingTrainerTests {
    let folder: TemporaryFolder
    private let base = goldens.appendingPathComponent("deit_classifier")

    init() throws { folder = try TemporaryFolder() }

    private func train(
        _ name: String, depth: Double = 1, steps: Int = 8, failingAfter batches: Int = .max
    ) throws -> TokenHaltingModel {
        var options = TokenHaltingOptions()
        options.depth = depth
        options.distributionWeight = 10
        options.optimisation.steps = steps
        options.optimisation.batchSize = 4
        options.optimisation.learningRate = 1e-2
        options.task.checkpointSteps = 3
        try TokenHaltingTrainer(
            BaselineRun(
                base, output: folder[name], dataset: FailingDataset(noise(folder, base), after: batches),
                loading: LoadingOptions(workers: 0)), options: options)()
        let loaded = try TokenHaltingModel.load(folder[name])
        return try #require(loaded?.network as? TokenHaltingModel)
    }

    /// Multiply-accumulates of all samples.
    private func cost(_ model: TokenHaltingModel) throws -> Double {
        let pass = AdaptivePass()
        _ = try withoutGradients { try model(noise(folder, base).batch(Array(0..<16)).inputs, pass) }
        return try #require(try pass.sampleCosts?()).reduce(0, +)
    }

    @Test func tokensLearnToHaltAtTheDepth() throws {
        let shallow = try train("shallow", depth: 1, steps: 40)
        let deep = try train("deep", depth: 2, steps: 40)
        #expect(try cost(shallow) < 0.9 * cost(deep))
        #expect(try TokenHaltingModel.load(base) == nil)
        #expect {
            try train("beyond", depth: 100)
        } throws: {
            $0.localizedDescription.contains("depth must lie among the 2 blocks")
        }
    }

    /// Ended between checkpoints and called again, a run comes to the weights of one that was not.
    @Test func resumes() throws {
        let whole = try train("whole")
        // One batch more than the steps: the first is looked at before.
        #expect(throws: FailingDataset.Failure.self) { try train("killed", failingAfter: 6) }
        let resumed = try train("killed")
        for (first, second) in zip(whole.namedParameters(), resumed.namedParameters()) {
            #expect(
                try first.tensor.array(of: Float.self) == second.tensor.array(of: Float.self), "\(first.name)"
            )
        }
    }
}
