import Testing
import Torch

@testable import AdaptiveComputation

@Suite struct NeuronOrderTests {
    func order(_ covariance: [Double], _ down: [Double], _ width: Int) throws -> [Int] {
        try NeuronOrder.byExplainedEnergy(
            covariance: Tensor(covariance, shape: [width, width]),
            down: Tensor(down, shape: [down.count / width, width])
        ).array(of: Int.self)
    }

    /// Variance times the squared norm of the output column: 4, 1 · 9, 0.25 · 25.
    @Test func uncorrelatedNeuronsAreOrderedByTheirEnergy() throws {
        #expect(try order([4, 0, 0, 0, 1, 0, 0, 0, 0.25], [1, 3, 4, 0, 0, 3], 3) == [1, 2, 0])
    }

    /// Alone a copy is as good as its original; after it, it says nothing new.
    @Test func aCopyComesAfterWhatIsNew() throws {
        let order = try order([1, 1, 0, 1, 1, 0, 0, 0, 1], [2, 2, 1], 3)
        #expect(Set([order[0], order[2]]) == [0, 1] && order[1] == 2)
    }

    @Test func aConstantNeuronComesLast() throws {
        #expect(try order([0, 0, 0, 0, 1, 0, 0, 0, 1], [100, 1, 2], 3) == [2, 1, 0])
    }

    /// Neurons that all vary in one way, but for what rounding adds and takes.
    @Test func roundingMayLeaveNegativeVariances() throws {
        let width = 8
        let sizes = try Tensor((0..<width).map { Double($0 + 1) })
        let signs = try Tensor((0..<width * width).map { ($0 / width + $0 % width) % 3 == 0 ? -1.0 : 1 })
            .reshaped([width, width])
        let exact = try sizes.unsqueezed(1) * sizes.unsqueezed(0)
        let covariance = try exact * (signs * 1e-3 + 1)
        #expect(try !(covariance + (exact.diagonal() * 1e-5).diagonalMatrix()).isPositiveDefinite())
        let found = try NeuronOrder.byExplainedEnergy(
            covariance: covariance, down: .ones([1, width], .float64)
        ).array(of: Int.self)
        #expect(found.sorted() == Array(0..<width))
    }

    /// Against regression from scratch in every round.
    @Test func equalsForwardSelection() throws {
        try Runtime.seed(4)
        let width = 12
        let factor = try Tensor.normal([width, width], .float64)
        let covariance = try factor.matmul(factor.transposed(0, 1))
        let down = try Tensor.normal([5, width], .float64)
        let found = try NeuronOrder.byExplainedEnergy(covariance: covariance, down: down).array(of: Int.self)
        var taken: [Int] = []
        for _ in 0..<width {
            func explained(_ neurons: [Int]) throws -> Double {
                let indices = try Tensor(neurons)
                let own = try covariance.entries(indices)  // [taken, width]
                let cross = try own.matmul(down.transposed(0, 1))  // [taken, outputs]
                let weights = try own.entries(indices, axis: 1).positiveSolution(for: cross)
                return try (cross * weights).sum().item()
            }
            let next = try (0..<width).filter { !taken.contains($0) }
                .map { (neuron: $0, energy: try explained(taken + [$0])) }
                .max { $0.energy < $1.energy }
            taken.append(try #require(next).neuron)
        }
        #expect(found == taken)
    }

    @Test func wideLayersAreOrderedInRounds() throws {
        let width = 300
        let energies = (0..<width).map { Double(($0 * 77) % width + 1) }
        let covariance = try Tensor(energies, shape: [width]).diagonalMatrix()
        let found = try NeuronOrder.byExplainedEnergy(
            covariance: covariance, down: .ones([1, width], .float64)
        ).array(of: Int.self)
        #expect(found == energies.indices.sorted { energies[$0] > energies[$1] })
    }
}
