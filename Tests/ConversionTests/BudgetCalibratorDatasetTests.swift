import AdaptiveComputation
import Datasets
import Foundation
import Synchronization
import Testing
import Torch
import Transformers

@testable import Conversion

/// Which samples budgets are calibrated on.
@Suite struct BudgetCalibratorDatasetTests {
    /// Notes which samples are asked for.
    private final class Noting: Dataset {
        let base = RandomTokens(vocabulary: 101)
        let batches = Mutex<[[Int]]>([])
        var count: Int { base.count }
        var classNames: [String]? { base.classNames }
        var lengths: [Int]? { base.lengths }

        func batch(_ indices: [Int]) throws -> Batch {
            batches.withLock { $0.append(indices) }
            return try base.batch(indices)
        }
    }

    /// Each sample by itself: a batch has long and short ones.
    @Test func samplesAreDrawnOneByOne() throws {
        let dense = try AdaptiveModel.load(goldens.appendingPathComponent("bert_classifier"))
        let dataset = Noting()
        let model = try AdaptiveModel.convert(
            dense.network, SurgeryOptions(kinds: [.feedForward]),
            calibration: [dataset.base.batch(Array(0..<24)).inputs])
        let calibrated = try BudgetCalibrator(dataset, sampleCount: 20, batchSize: 8, seed: 0).run(model)
        #expect(calibrated.calibration?.sampleCount == 20)
        let batches = dataset.batches.withLock { $0 }
        #expect(batches.map(\.count) == [8, 8, 4] && Set(batches.joined()).count == 20)
        for batch in batches {
            let lengths = Set(batch.compactMap { dataset.lengths?[$0] })
            #expect(lengths == [5, 8])
        }
    }
}
