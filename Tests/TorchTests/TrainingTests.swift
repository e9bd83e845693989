import Foundation
import Testing

@testable import Torch

@Suite struct TrainingTests {
    @Test func gradientOfASquare() throws {
        let x = try Tensor([1, 2, 3] as [Float]).setRequiresGradient()
        try x.square().sum().backward()
        #expect(try x.gradient?.array(of: Float.self) == [2, 4, 6])
        try x.clearGradient()
        #expect(try x.gradient == nil)
    }

    @Test func nothingIsRecordedWithoutGradients() throws {
        let x = try Tensor([1] as [Float]).setRequiresGradient()
        #expect(try withoutGradients { try x * 2 }.requiresGradient == false)
        #expect(try (x * 2).requiresGradient)
    }

    @Test func autocastAppliesToProducts() throws {
        let x = try Tensor.ones([2, 2])
        #expect(try withAutocast(.bfloat16, on: .cpu) { try x.matmul(x) }.dataType == .bfloat16)
        #expect(try x.matmul(x).dataType == .float32)
    }

    /// Adam's first steps by hand: the bias-corrected moments of a constant gradient are that
    /// gradient and its square, so every step moves by the rate.
    @Test(arguments: [0.0, 0.1]) func adamFollowsItsEquations(weightDecay: Double) throws {
        let x = try Tensor([1, -2] as [Float]).setRequiresGradient()
        let adam = try Adam([Adam.Group(parameters: [("x", x)])], weightDecay: weightDecay)
        var expected = [1.0, -2.0]
        for _ in 0..<3 {
            try adam.clearGradients()
            try (x * Tensor([3, -5] as [Float])).sum().backward()
            try adam.step(rate: 0.01)
            expected = zip(expected, [1.0, -1.0]).map { $0 * (1 - 0.01 * weightDecay) - 0.01 * $1 }
        }
        for (found, wanted) in zip(try x.array(of: Double.self), expected) {
            #expect(abs(found - wanted) < 1e-5)
        }
    }

    /// Groups have their own rate and may be spared the decay.
    @Test func groupsHaveTheirOwnRateAndDecay() throws {
        let names = ["plain", "fast", "spared"]
        let tensors = try names.map { _ in try Tensor([2] as [Float]).setRequiresGradient() }
        let adam = try Adam(
            [
                Adam.Group(parameters: [("plain", tensors[0])]),
                Adam.Group(parameters: [("fast", tensors[1])], rateFactor: 3),
                Adam.Group(parameters: [("spared", tensors[2])], decays: false),
            ], weightDecay: 0.5)
        for tensor in tensors { try tensor.sum().backward() }
        try adam.step(rate: 0.01)
        let wanted = [2 * (1 - 0.005) - 0.01, 2 * (1 - 0.015) - 0.03, 2 - 0.01]
        for (tensor, value) in zip(tensors, wanted) {
            #expect(abs(try tensor.detach().array(of: Double.self)[0] - value) < 1e-5)
        }
    }

    @Test func optimizerStateRestores() throws {
        func trained(_ steps: Int, from state: [String: Tensor]? = nil, start: [Float] = [1, -2]) throws -> (
            [Float], [(name: String, tensor: Tensor)]
        ) {
            let x = try Tensor(start).setRequiresGradient()
            let adam = try Adam([Adam.Group(parameters: [("x", x)])])
            if let state { try adam.restore(state) }
            for _ in 0..<steps {
                try adam.clearGradients()
                try x.square().sum().backward()
                try adam.step(rate: 0.1)
            }
            return (try x.detach().array(), adam.state)
        }
        let whole = try trained(5).0
        let (middle, state) = try trained(2)
        let saved = Dictionary(uniqueKeysWithValues: state.map { ($0.name, $0.tensor) })
        #expect(try trained(3, from: saved, start: middle).0 == whole)
        #expect(throws: TorchError.self) { try trained(1, from: [:]) }
    }

    @Test func gradientsAreClippedTogether() throws {
        let x = try Tensor([0] as [Float]).setRequiresGradient()
        let y = try Tensor([0] as [Float]).setRequiresGradient()
        let adam = try Adam([Adam.Group(parameters: [("x", x), ("y", y)])])
        try (x * 3 + y * 4).sum().backward()
        #expect(try adam.clipGradients(maximum: 1).item(Double.self) == 5)
        #expect(abs(try #require(try x.gradient).item(Double.self) - 0.6) < 1e-5)
        #expect(abs(try #require(try y.gradient).item(Double.self) - 0.8) < 1e-5)
    }

    @Test func schedulesFollowTheirShape() {
        let cosine = LearningRateSchedule(.cosine, peak: 1, final: 0.1, warmupSteps: 10, totalSteps: 110)
        #expect(cosine.rate(step: 0) == 0.1)
        #expect(cosine.rate(step: 9) == 1)
        #expect(abs(cosine.rate(step: 60) - 0.55) < 1e-9)
        #expect(abs(cosine.rate(step: 110) - 0.1) < 1e-9)
        #expect(LearningRateSchedule(.linear, peak: 1, totalSteps: 10).rate(step: 5) == 0.5)
    }

    @Test func lossesInClosedForm() throws {
        let logits = try Tensor([0, log(3)] as [Double], shape: [1, 2])
        #expect(abs(try Loss.crossEntropy(logits, Tensor([1])).item(Double.self) + log(0.75)) < 1e-9)
        let same = try Loss.distillation(logits, teacher: logits, temperature: 2)
        #expect(abs(try same.item(Double.self)) < 1e-9)
        let uniform = try Tensor([0, 0] as [Double], shape: [1, 2])
        let expected = 0.75 * log(0.75 / 0.5) + 0.25 * log(0.25 / 0.5)
        let found = try Loss.distillation(uniform, teacher: logits, temperature: 1).item(Double.self)
        #expect(abs(found - expected) < 1e-9)
        let cosine = try Loss.cosineSimilarity(Tensor([1, 0] as [Double]), Tensor([1, 1] as [Double]))
        #expect(abs(try cosine.item(Double.self) - 0.5.squareRoot()) < 1e-9)
    }
}
