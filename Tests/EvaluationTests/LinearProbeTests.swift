import Datasets
import Testing
import Torch

@testable import Evaluation

@Suite struct LinearProbeTests {
    /// Three well separated clouds in eight dimensions; the labels in turn.
    private func clouds(count: Int, seed: UInt64) throws -> (embeddings: Tensor, labels: [Int]) {
        var generator = SplitMix64(seed: seed)
        let labels = (0..<count).map { $0 % 3 }
        let values = labels.flatMap { label in
            (0..<8).map { Float((($0 == label) ? 3 : 0) + generator.unit() - 0.5) }
        }
        return (try Tensor(values, shape: [count, 8]), labels)
    }

    @Test func separableDataIsLearned() throws {
        let train = try clouds(count: 90, seed: 1)
        let test = try clouds(count: 60, seed: 2)
        let probe = try LinearProbe(
            embeddings: train.embeddings, labels: Tensor(train.labels), classCount: 3)
        #expect(try probe.accuracy(test.embeddings, labels: Tensor(test.labels)) == 1)
        #expect(try probe(test.embeddings).shape == [60, 3])
    }

    @Test func shuffledLabelsAreNotLearned() throws {
        let train = try clouds(count: 300, seed: 1)
        let test = try clouds(count: 300, seed: 2)
        var generator = SplitMix64(seed: 3)
        let probe = try LinearProbe(
            embeddings: train.embeddings, labels: Tensor(train.labels.shuffled(using: &generator)),
            classCount: 3)
        #expect(try probe.accuracy(test.embeddings, labels: Tensor(test.labels)) < 0.7)
    }

    @Test func everyFitIsTheSame() throws {
        let train = try clouds(count: 30, seed: 1)
        let weights = try (0..<2).map { _ -> [Float] in
            try LinearProbe(
                embeddings: train.embeddings, labels: Tensor(train.labels), classCount: 3, steps: 20
            ).classifier.weight.array()
        }
        #expect(weights[0] == weights[1])
    }

    @Test func labelsMustFit() throws {
        let train = try clouds(count: 30, seed: 1)
        #expect(throws: EvaluationError.self) {
            try LinearProbe(embeddings: train.embeddings, labels: Tensor([0, 1]), classCount: 2)
        }
    }
}
