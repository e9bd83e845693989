import Foundation
import Testing
import Torch
import Transformers

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

    @Test func poolingLeavesPaddingOut() throws {
        let states = try Tensor([3, 0, 0, 4, 100, 100] as [Float], shape: [1, 3, 2])
        let mask = try Tensor([true, true, false], shape: [1, 3])
        let mean: [Double] = try SampleEmbedding.pooled(states, mask: mask).array()
        #expect(abs(mean[0] - 0.6) < 1e-6 && abs(mean[1] - 0.8) < 1e-6)
        let firstToken: [Double] = try SampleEmbedding.pooled(states, mask: nil).array()
        #expect(firstToken == [1, 0])
    }
}
