import Testing
import Torch

@Suite struct TensorDecompositionsTests {
    /// The second has the eigenvalues 3 and -1, the third 2 and 0.
    @Test(arguments: [([2.0, 1, 1, 2], true), ([1, 2, 2, 1], false), ([1, 1, 1, 1], false)])
    func positiveDefiniteMatricesAreTold(values: [Double], isPositive: Bool) throws {
        #expect(try Tensor(values, shape: [2, 2]).isPositiveDefinite() == isPositive)
    }

    @Test func positiveSystemsAreSolved() throws {
        let matrix = try Tensor([2.0, 1, 1, 2], shape: [2, 2])
        let solution = try matrix.positiveSolution(for: Tensor([4.0, 5], shape: [2, 1]))
        #expect(try zip(solution.array(of: Double.self), [1, 2]).allSatisfy { abs($0 - $1) < 1e-12 })
        #expect(throws: TorchError.self) {
            try Tensor([1.0, 2, 2, 1], shape: [2, 2]).positiveSolution(for: .ones([2, 1], .float64))
        }
    }
}
