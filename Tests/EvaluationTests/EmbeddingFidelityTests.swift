import Foundation
import Testing
import Torch

@testable import Evaluation

@Suite struct EmbeddingFidelityTests {
    @Test func meanCosineOfHandMadeVectors() throws {
        let first = try Tensor([1, 0, 0, 1] as [Float], shape: [2, 2])
        let second = try Tensor([1, 0, 1, 0] as [Float], shape: [2, 2])
        #expect(abs(try EmbeddingFidelity.meanCosine(first, second) - 0.5) < 1e-6)
        #expect(abs(try EmbeddingFidelity.meanCosine(first, first) - 1) < 1e-6)
    }

    @Test func aSampleIsNotItsOwnNeighbour() throws {
        // At angles of 0, 10, 50 and 70 degrees.
        let vectors = [0, 10, 50, 70].map { $0 * Double.pi / 180 }.flatMap { [cos($0), sin($0)] }
        let circle = try Tensor(vectors, shape: [4, 2])
        let neighbours = try EmbeddingFidelity.nearestNeighbours(circle)
        #expect(try neighbours.array(of: Int.self) == [1, 0, 3, 2])
    }

    @Test func agreementIsTheShareOfEqualNeighbours() throws {
        let first = try Tensor([1, 0, 3, 2])
        let second = try Tensor([1, 2, 3, 2])
        #expect(try EmbeddingFidelity.agreement(first, second) == 0.75)
        #expect(try EmbeddingFidelity.agreement(first, first) == 1)
    }

    @Test func oneSampleHasNoNeighbour() throws {
        let single = try Tensor([1, 0] as [Float], shape: [1, 2])
        #expect(throws: EvaluationError.tooFewSamples(needed: 2, found: 1)) {
            try EmbeddingFidelity.nearestNeighbours(single)
        }
    }
}
