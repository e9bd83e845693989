import Testing
import Torch

@testable import AdaptiveComputation

@Suite struct OutputFitTests {
    func fit(_ covariance: Tensor, _ down: Tensor, kept: Int, width: Int, count: Int) throws -> Tensor {
        try OutputFit.weights(
            covariance: covariance, down: down, kept: kept, learnerWidth: width, learnerCount: count,
            tokenCount: 1_000_000)
    }

    /// `Σ_k ω_k · E‖ Σ_{n ≤ k} W_n · a_n − D · a ‖²`.
    func loss(
        _ weights: Tensor, _ covariance: Tensor, _ down: Tensor, width: Int, count: Int
    ) throws -> Double {
        let hidden = try down.size(1)
        return try (1...count).reduce(0) { sum, k in
            let used = try min(k * width, weights.size(1))
            let rest = try weights.slice(0..<used, axis: 1).paddedLast(before: 0, after: hidden - used) - down
            let error = try (rest.matmul(covariance) * rest).sum().item(Double.self)
            return sum + (k == count ? OutputFit.fullWeight : 1) * error
        }
    }

    /// Neurons that tell nothing of each other keep their weights.
    @Test func uncorrelatedNeuronsStayAsTheyAre() throws {
        let covariance = try Tensor([1.0, 4, 9, 16]).diagonalMatrix()
        let down = try Tensor([1.0, 2, 3, 4, 5, 6, 7, 8], shape: [2, 4])
        let found = try fit(covariance, down, kept: 4, width: 2, count: 2)
        #expect(try (found - down).absolute().maximum().item(Double.self) < 1e-9)
    }

    /// The first learner does the work of its copy in the second.
    @Test func aCopyIsReplacedByItsOriginal() throws {
        let found = try fit(
            .ones([2, 2], .float64), Tensor([2.0, 3], shape: [1, 2]), kept: 2, width: 1, count: 2)
        let values = try found.array(of: Double.self)
        #expect(abs(values[0] - 5) < 0.01 && abs(values[1]) < 0.01, "\(values)")
    }

    @Test func noOtherWeightsAreBetter() throws {
        try Runtime.seed(8)
        let factor = try Tensor.normal([7, 7], .float64)
        let covariance = try factor.matmul(factor.transposed(0, 1))
        let down = try Tensor.normal([3, 7], .float64)
        for kept in [6, 5] {
            let found = try fit(covariance, down, kept: kept, width: 2, count: 3)
            let least = try loss(found, covariance, down, width: 2, count: 3)
            // The loss is a square form: at its minimum it rises alike to both sides of every entry.
            for entry in 0..<3 * kept {
                let step = try Tensor((0..<3 * kept).map { $0 == entry ? 0.1 : 0 }, shape: [3, kept])
                let sides = try [found + step, found - step].map {
                    try loss($0, covariance, down, width: 2, count: 3)
                }
                #expect(sides.allSatisfy { $0 > least })
                #expect(abs(sides[0] - sides[1]) < 1e-3 * (sides[0] + sides[1] - 2 * least), "\(entry)")
            }
            let dense = try down.slice(0..<kept, axis: 1)
            #expect(try loss(dense, covariance, down, width: 2, count: 3) > 1.2 * least)
        }
    }

    @Test func neuronsThatNeverVaryAreNoTrouble() throws {
        let down = try Tensor([1.0, 2], shape: [1, 2])
        let found = try fit(.zeros([2, 2], .float64), down, kept: 2, width: 1, count: 2)
        #expect(try found.array(of: Double.self) == [1, 2])
    }

    /// As rounding leaves the covariance of data that vary in few ways: with an eigenvalue below zero.
    @Test func covariancesThatRoundingSpoiltAreNoTrouble() throws {
        let covariance = try Tensor([1.0, 1.01, 1.01, 1], shape: [2, 2])
        let found = try fit(covariance, Tensor([2.0, 3], shape: [1, 2]), kept: 2, width: 1, count: 2)
        let values = try found.array(of: Double.self)
        #expect(abs(values[0] + values[1] - 5) < 0.1, "\(values)")
    }

    /// What little data says of how neurons go together is not believed.
    @Test func littleDataLeavesTheDenseWeights() throws {
        let down = try Tensor([2.0, 3], shape: [1, 2])
        let found = try OutputFit.weights(
            covariance: .ones([2, 2], .float64), down: down, kept: 2, learnerWidth: 1, learnerCount: 2,
            tokenCount: 1)
        let much = try fit(.ones([2, 2], .float64), down, kept: 2, width: 1, count: 2)
        let distances = try [found, much].map { try ($0 - down).norm().item(Double.self) }
        #expect(distances[0] < 0.8 * distances[1], "\(distances)")
    }
}
