import AdaptiveComputation
import Foundation
import Testing
import Torch

@testable import Evaluation

@Suite struct ClassAccuracyTests {
    /// Seven classes, the likeliest first: 6, 5, 4, … for every sample.
    private func logits(_ count: Int) throws -> Tensor {
        try Tensor((0..<count).flatMap { _ in (0..<7).map { Float($0) } }, shape: [count, 7])
    }

    @Test func sharesErrorsAndLoss() throws {
        var accuracy = ClassAccuracy()
        #expect(accuracy.top1 == 0 && accuracy.loss == 0)
        accuracy = try accuracy.adding(logits(3), labels: Tensor([6, 2, 1]))
        accuracy = try accuracy.adding(logits(1), labels: Tensor([6]))
        #expect(accuracy.sampleCount == 4 && accuracy.top1 == 0.5 && accuracy.top5 == 0.75)
        #expect(abs(accuracy.standardError(0.75) - (0.75 * 0.25 / 4).squareRoot()) < 1e-12)
        let total = log((0..<7).reduce(0.0) { $0 + exp(Double($1)) })
        let wanted = [6.0, 2, 1, 6].reduce(0) { $0 + total - $1 } / 4
        #expect(abs(accuracy.loss - wanted) < 1e-5)
        #expect(
            accuracy.json.objectValue?.keys == [
                "samples", "classes", "top1", "top1_error", "top5", "top5_error", "loss", "calibration_error",
            ])
        #expect(accuracy.header.count == accuracy.cells.count)
    }

    @Test func amongFiveClassesTopFiveSaysNothing() throws {
        let accuracy = try ClassAccuracy().adding(.zeros([2, 5]), labels: Tensor([0, 1]))
        #expect(accuracy.top5 == nil && accuracy.json["top5"] == .null)
        #expect(accuracy.header == ["accuracy", "±", "loss"])
    }

    @Test func labelsOfAnotherShapeAreRefused() throws {
        #expect(throws: EvaluationError.self) {
            try ClassAccuracy().adding(logits(2), labels: Tensor([0]))
        }
    }
}
