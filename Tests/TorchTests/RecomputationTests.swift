import Foundation
import Testing

@testable import Torch

@Suite(.serialized) struct RecomputationTests {
    struct Refusal: LocalizedError {
        var errorDescription: String? { "the second run is refused" }
    }

    /// A chain of layers with two results, the second of them used as well.
    private func layers(_ weights: [Tensor], _ input: Tensor) throws -> [Tensor] {
        let output = try weights.reduce(input) { try $0.matmul($1).gelu() }
        return [output, try output.square().sum(axis: 1)]
    }

    private func loss(_ results: [Tensor]) throws -> Tensor {
        try results[0].sum() + (results[1] * 0.5).sum()
    }

    @Test(arguments: [nil, DataType.bfloat16]) func gradientsAreThoseWithout(type: DataType?) throws {
        try Runtime.seed(3)
        let weights = try (0..<4).map { _ in try Tensor.normal([16, 16]).setRequiresGradient() }
        let input = try Tensor.normal([5, 16]).setRequiresGradient()
        func gradients(_ forward: () throws -> [Tensor]) throws -> [[Float]] {
            for tensor in weights + [input] { try tensor.clearGradient() }
            let loss: Tensor = try withAutocast(type, on: .cpu) { try self.loss(forward()) }
            try loss.backward()  // outside autocast, which the second run must restore
            return try (weights + [input]).map { try #require(try $0.gradient).array(of: Float.self) }
        }
        var runs = 0
        let found = try gradients {
            try recomputed([input]) { inputs in
                runs += 1
                return try layers(weights, inputs[0])
            }
        }
        #expect(runs == 2)
        #expect(try found == gradients { try layers(weights, input) })
    }

    @Test func parametersLearnWhereNoInputDoes() throws {
        let weight = try Tensor([2, 3] as [Float], shape: [2, 1]).setRequiresGradient()
        let output = try recomputed([.ones([1, 2])]) { [try $0[0].matmul(weight)] }
        try output[0].sum().backward()
        #expect(try #require(try weight.gradient).array(of: Float.self) == [1, 1])
    }

    @Test func oneComputationInAnother() throws {
        let x = try Tensor(scalar: Float(3)).setRequiresGradient()
        let cube = try recomputed([x]) { outer in
            let square = try recomputed(outer) { [try $0[0].square()] }
            return [try square[0] * outer[0]]
        }
        try cube[0].backward()
        #expect(try #require(try x.gradient).item(Float.self) == 27)
    }

    @Test func withoutGradientsItRunsOnce() throws {
        var runs = 0
        let result = try withoutGradients {
            try recomputed([.ones([1]).setRequiresGradient()]) {
                runs += 1
                return [try $0[0] * 2]
            }
        }
        #expect(runs == 1 && !result[0].requiresGradient)
    }

    @Test func errorsOfBothRunsAreThrown() throws {
        let x = try Tensor.ones([1]).setRequiresGradient()
        #expect(throws: Refusal.self) { try recomputed([x]) { _ in throw Refusal() } }
        var runs = 0
        let result = try recomputed([x]) {
            runs += 1
            if runs == 2 { throw Refusal() }
            return [try $0[0] * 2]
        }
        let error = #expect(throws: TorchError.self) { try result[0].backward() }
        #expect(error?.localizedDescription.contains("the second run is refused") == true)
        let other = try recomputed([x]) {
            runs += 1
            return runs == 3 ? [try $0[0] * 2] : []
        }
        #expect(throws: TorchError.self) { try other[0].backward() }
        let many = try Tensor.ones([1])
        #expect(throws: TorchError.self) { try recomputed([x]) { _ in Array(repeating: many, count: 65) } }
    }

    /// What lies between is not there after the forward pass, and nothing at all after the graph.
    @Test func memoryIsThatOfTheInputs() throws {
        let weights = try (0..<8).map { _ in try Tensor.normal([64, 64]).setRequiresGradient() }
        let input = try Tensor.normal([4096, 64])
        func grown(_ forward: () throws -> [Tensor]) throws -> Int {
            let before = try #require(Runtime.allocatedBytes)
            let results = try forward()
            return try withExtendedLifetime(results) { try #require(Runtime.allocatedBytes) - before }
        }
        let handles = try Runtime.liveTensorCount()
        let plain = try grown { try layers(weights, input) }
        let spared = try grown { try recomputed([input]) { try layers(weights, $0[0]) } }
        // 8 layers keep a product and an activation each, of 1 MiB.
        #expect(plain > 15 << 20 && spared < 3 << 20, "\(plain) and \(spared) bytes")
        #expect(try Runtime.liveTensorCount() - handles < 100)
    }
}
