import AdaptiveComputation
import TestSupport
import Testing
import Torch
import Transformers

@testable import Conversion

/// Losses of a batch that two threads share, against those of the whole batch.
@Suite struct BatchShareTests {
    /// Learner counts of six samples with four tokens, and which tokens are real.
    static let counts: [Double] = [
        4, 3, 2, 1, 0, 1, 4, 4, 2, 2, 2, 2, 1, 0, 0, 3, 4, 4, 4, 4, 0, 1, 0, 2,
    ]
    static let mask: [Double] = [
        1, 1, 1, 1, 1, 1, 0, 0, 1, 1, 1, 0, 1, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1,
    ]

    /// The rows of each of two processes; not as many in each, as when samples were left out.
    static let places = [[0, 5], [1, 2, 3, 4]]

    static func rows(_ values: [Double], _ places: [Int]) throws -> Tensor {
        try Tensor(places.flatMap { values[$0 * 4..<$0 * 4 + 4] }, shape: [places.count, 4]).to(nil, .float32)
    }

    struct Found: Sendable {
        let losses: [Double]
        /// Of each loss, by the counts of each row.
        let gradients: [[Double]]
    }

    /// Budget, diversity, and a mean over real tokens whose value is the square of a token's count.
    static func losses(_ places: [Int], _ share: BatchShare) throws -> Found {
        let mask = try rows(mask, places)
        func find(_ loss: (Tensor) throws -> Tensor) throws -> (Double, [Double]) {
            let counts = try rows(counts, places).setRequiresGradient()
            let value = try loss(counts)
            try value.backward()
            let gradient = try #require(try counts.gradient).array(of: Double.self)
            return (try value.item(Double.self), gradient)
        }
        let budget = try find { counts in
            let loads = try ConversionLoss.loads(
                counts: [counts], costs: [(learner: 3, count: 4)], masks: [mask])
            return try (share.meanOverRows(loads.mean()) - 0.9).absolute()
        }
        let diversity = try find { counts in
            try ConversionLoss.diversity(share.gathered(ConversionLoss.shares([counts], [4], [mask])))
        }
        let mean = try find { counts in
            let own = try (counts.square() * mask).sum() / mask.sum()
            return try own.scaled(by: share.weights(mask.sum()))
        }
        return Found(losses: [budget.0, diversity.0, mean.0], gradients: [budget.1, diversity.1, mean.1])
    }

    @Test func lossesAndGradientsAreThoseOfTheWholeBatch() throws {
        let whole = try Self.losses(Array(0..<6), .whole)
        let port = try #require(freePort())
        let parts = try concurrently(2) { rank in
            let group = try ProcessGroup(
                ProcessLaunch(rank: rank, size: 2, host: "127.0.0.1", port: port), timeout: 20)
            return try Self.losses(
                Self.places[rank], BatchShare(group, BatchRows(places: Self.places[rank], count: 6)))
        }
        for loss in 0..<3 {
            // The mean over the processes is what a reducer takes and what is reported.
            let value = parts.map { $0.losses[loss] }.reduce(0, +) / 2
            #expect(abs(value - whole.losses[loss]) < 1e-6)
            for (rank, places) in Self.places.enumerated() {
                for (row, place) in places.enumerated() {
                    for token in 0..<4 {
                        let part = parts[rank].gradients[loss][row * 4 + token] / 2
                        #expect(abs(part - whole.gradients[loss][place * 4 + token]) < 1e-6)
                    }
                }
            }
        }
        for loss in 0..<2 { #expect(parts[0].losses[loss] == parts[1].losses[loss]) }
    }

    /// Labels for a budget that is spent over all rows: one process has the rows where learners help, the other
    /// those where they do not.
    @Test func theBudgetIsSpentOverTheWholeBatch() throws {
        @Sendable func labels(_ rows: Range<Int>, _ share: BatchShare) throws -> [Int] {
            let distances: [[Float]] = [[10, 9, 1, 0.5], [0, 1, 0.9, 0.4]]  // none and one learner
            let own = distances.flatMap { $0[rows] }
            return try GateLabels.spending(
                0.5, distances: [Tensor(own, shape: [2, rows.count])],
                modules: [(minimum: 0, count: 1, learnerCost: 1)], share: share)[0].array(of: Int.self)
        }
        #expect(try labels(0..<4, .whole) == [1, 1, 0, 0])
        let port = try #require(freePort())
        let parts = try concurrently(2) { rank in
            let group = try ProcessGroup(
                ProcessLaunch(rank: rank, size: 2, host: "127.0.0.1", port: port), timeout: 20)
            let rows = rank * 2..<rank * 2 + 2
            return try labels(rows, BatchShare(group, BatchRows(places: Array(rows), count: 4)))
        }
        #expect(parts == [[1, 1], [0, 0]])
    }

    @Test func batchesMustDivide() throws {
        var options = ConversionOptions()
        options.finetuning.optimisation.batchSize = 6
        try options.requireSharing(by: 2, TrainingPhase.allCases, sampleCount: 100)
        for (size, phases, samples, part) in [
            (
                4, [TrainingPhase.finetuning], 100,
                "finetuning.optimisation.batchSize must be a multiple of the 4"
            ),
            (2, TrainingPhase.allCases, 5, "found 5 (the data has no more samples)"),
        ] {
            let error = #expect(throws: ConversionError.self) {
                try options.requireSharing(by: size, phases, sampleCount: samples)
            }
            #expect(error?.localizedDescription.contains(part) == true)
        }
    }
}
