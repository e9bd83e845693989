import Conversion
import Datasets
import Foundation
import TestSupport
import Testing
import Torch
import Transformers

@testable import Baselines

@Suite(.serialized) struct DepthCutTests {
    let folder: TemporaryFolder
    private let base = goldens.appendingPathComponent("deit_classifier")

    init() throws { folder = try TemporaryFolder() }

    @Test func blocksAreEvenlySpaced() {
        #expect(DepthCutTrainer.kept(1, of: 6) == [0])
        #expect(DepthCutTrainer.kept(2, of: 6) == [0, 5])
        #expect(DepthCutTrainer.kept(3, of: 6) == [0, 3, 5])
        #expect(DepthCutTrainer.kept(4, of: 12) == [0, 4, 7, 11])
        #expect(DepthCutTrainer.kept(6, of: 6) == [0, 1, 2, 3, 4, 5])
    }

    @Test func allBlocksAreTheModel() throws {
        let dense = try ModelFolder.load(base)
        let cut = try DepthCutTrainer.cut(dense, blockCount: 2)
        let input = ModelInputs(["pixel_values": try .ones([1, 3, 24, 24])])
        let (first, second) = try (
            dense(input, ForwardPass()).required("logits").array(of: Float.self),
            cut(input, ForwardPass()).required("logits").array(of: Float.self)
        )
        #expect(zip(first, second).allSatisfy { abs($0 - $1) < 1e-5 })
        #expect {
            try DepthCutTrainer.cut(dense, blockCount: 3)
        } throws: {
            $0.localizedDescription.contains("at most the model's 2")
        }
    }

    /// Ended between checkpoints and called again, a run comes to the weights of one that was not; the folder is
    /// an ordinary one.
    @Test func resumes() throws {
        var options = DepthCutOptions()
        options.blocks = 1
        options.optimisation.steps = 6
        options.optimisation.batchSize = 4
        options.task.checkpointSteps = 4
        func train(_ name: String, failingAfter batches: Int = .max) throws {
            try DepthCutTrainer(
                BaselineRun(
                    base, output: folder[name], dataset: FailingDataset(noise(folder, base), after: batches),
                    loading: LoadingOptions(workers: 0)), options: options)()
        }
        try train("whole")
        #expect(throws: FailingDataset.Failure.self) { try train("killed", failingAfter: 5) }
        try train("killed")
        let (whole, resumed) = (try ModelFolder.load(folder["whole"]), try ModelFolder.load(folder["killed"]))
        #expect(whole.dimensions.blockCount == 1)
        for (first, second) in zip(whole.namedParameters(), resumed.namedParameters()) {
            #expect(
                try first.tensor.array(of: Float.self) == second.tensor.array(of: Float.self), "\(first.name)"
            )
        }
    }
}
