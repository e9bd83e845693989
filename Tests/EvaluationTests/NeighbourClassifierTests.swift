import Foundation
import Testing
import Torch

@testable import Evaluation

@Suite struct NeighbourClassifierTests {
    /// Unit vectors at angles in degrees.
    func directions(_ angles: [Double]) throws -> Tensor {
        let values = angles.map { Float($0 * .pi / 180) }.flatMap { [cos($0), sin($0)] }
        return try Tensor(values, shape: [angles.count, 2])
    }

    @Test func oneNeighbourDecidesAlone() throws {
        let classifier = try NeighbourClassifier(
            references: directions([0, 40, 60]), labels: Tensor([2, 0, 0]), classCount: 3)
        let found = try classifier.classes(of: directions([19, 21, -90]), neighbours: [1])
        #expect(try found[0].array(of: Int.self) == [2, 0, 2])
    }

    /// Two neighbours at 30° outvote one at 28°, but not one at 0°: cosines 0.866 · 2 against 0.883,
    /// weights e^(0.866/0.07) · 2 against e^(1/0.07).
    @Test func votesAreWeightedByCosine() throws {
        for (angle, wanted) in [(28.0, 1), (0, 0)] {
            let classifier = try NeighbourClassifier(
                references: directions([angle, 30, -30, 180]), labels: Tensor([0, 1, 1, 0]), classCount: 2)
            let found = try classifier.classes(of: directions([0]), neighbours: [1, 3])
            #expect(try found[0].item(Int.self) == 0)
            #expect(try found[1].item(Int.self) == wanted, "\(angle)")
        }
    }

    @Test func accuracyIsAShare() throws {
        let classifier = try NeighbourClassifier(
            references: directions([0, 90]), labels: Tensor([0, 1]), classCount: 2)
        let found = try classifier.accuracy(
            directions([10, 20, 80, 50]), labels: Tensor([0, 1, 1, 1]), neighbours: [1, 2])
        #expect(found == [0.75, 0.75])
    }

    /// More rows than are multiplied at a time.
    @Test func stretchesAreJoined() throws {
        let angles = (0..<1500).map { Double($0) * 0.24 }
        let labels = (0..<1500).map { $0 % 7 }
        let classifier = try NeighbourClassifier(
            references: directions(angles), labels: Tensor(labels), classCount: 7)
        let found = try classifier.classes(of: directions(angles), neighbours: [1])[0]
        #expect(try found.array(of: Int.self) == labels)
    }

    @Test func numbersMustFit() throws {
        let references = try directions([0, 90])
        #expect(throws: EvaluationError.self) {
            try NeighbourClassifier(references: references, labels: Tensor([0]), classCount: 2)
        }
        let classifier = try NeighbourClassifier(
            references: references, labels: Tensor([0, 1]), classCount: 2)
        #expect(throws: EvaluationError.tooFewSamples(needed: 3, found: 2)) {
            try classifier.classes(of: references, neighbours: [1, 3])
        }
        #expect(throws: EvaluationError.self) { try classifier.classes(of: references, neighbours: [0]) }
    }
}
