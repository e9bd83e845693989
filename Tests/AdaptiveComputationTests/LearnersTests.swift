import Foundation
import Testing
import Torch
import Transformers

@testable import AdaptiveComputation

/// `acm::gated_mlp` and the training form against their definition.
@Suite struct LearnersTests {
    static let activations: [Activation] = [.identity, .relu, .silu, .gelu, .geluTanh]

    func learners(_ activation: Activation, count: Int = 4) throws -> Learners {
        try Runtime.seed(1)
        let learners = try Learners(
            inputWidth: 13, outputWidth: 11, count: count, learnerWidth: 5, activation: activation)
        try learners.reset()
        try learners.bias.fillNormalInPlace()
        return learners
    }

    func choices(_ values: [Int]) throws -> Tensor { try Tensor(values, shape: [1, values.count]) }

    func reference(_ learners: Learners, _ input: Tensor, _ choices: Tensor) throws -> Tensor {
        try Operator("acm::gated_mlp_reference")(
            .tensor(input), .tensor(choices), .tensor(learners.w1), .tensor(learners.b1),
            .tensor(learners.w2), .tensor(learners.bias), .int(learners.count),
            .string(learners.activation == .geluTanh ? "gelu_tanh" : learners.activation.rawValue))
    }

    func difference(_ first: Tensor, _ second: Tensor) throws -> Double {
        guard first.elementCount > 0 else { return first.shape == second.shape ? 0 : .infinity }
        return try (first.to(nil, .float64) - second.to(nil, .float64)).absolute().maximum().item()
    }

    @Test(arguments: activations) func mixedChoicesEqualTheLoop(activation: Activation) throws {
        let learners = try learners(activation)
        let input = try Tensor.normal([1, 37, 13])
        let mixed = try choices((0..<37).map { $0 * 7 % 5 })
        #expect(try difference(learners(input, choices: mixed), reference(learners, input, mixed)) < 1e-5)
    }

    @Test(arguments: [[], [3], [0, 0, 0], [4, 4, 4, 4], [1, 4, 1, 4, 4]] as [[Int]])
    func emptyGroupsAndSingleTokens(values: [Int]) throws {
        let learners = try learners(.gelu)
        let input = try Tensor.normal([1, values.count, 13])
        let k = try choices(values)
        #expect(try difference(learners(input, choices: k), reference(learners, input, k)) < 1e-5)
    }

    @Test func trainingFormWithHardChoicesEqualsInference() throws {
        let learners = try learners(.gelu)
        let input = try Tensor.normal([1, 20, 13])
        let values = (0..<20).map { $0 % 5 }
        let tails = try Tensor(
            values.flatMap { k in (1...4).map { Float($0 <= k ? 1 : 0) } }, shape: [1, 20, 4])
        #expect(
            try difference(learners(input, tails: tails), learners(input, choices: choices(values))) < 1e-5)
    }

    @Test func prefixesEqualFixedChoices() throws {
        let learners = try learners(.gelu)
        let input = try Tensor.normal([20, 13])
        for (name, prefixes) in [
            ("joint", try learners.prefixes(input)), ("greedy", try learners.greedyPrefixes(input)),
        ] {
            for n in 1...4 {
                let k = try Tensor(Array(repeating: n, count: 20))
                let fixed = try learners(input, choices: k)
                #expect(try difference(prefixes.select(n - 1, axis: 0), fixed) < 1e-5, "\(name) \(n)")
            }
        }
    }

    /// Bitwise, on the CPU with any group sizes, for widths of at least 16.
    @Test func aTokenDoesNotDependOnItsBatchMates() throws {
        let learners = try Learners(
            inputWidth: 24, outputWidth: 24, count: 4, learnerWidth: 16, activation: .gelu)
        try learners.reset()
        let input = try Tensor.normal([1, 61, 24])
        let values = (0..<61).map { $0 * 11 % 5 }
        let together = try learners(input, choices: choices(values))
        for token in 0..<61 {
            let alone = try learners(
                input.slice(token..<token + 1, axis: 1), choices: choices([values[token]]))
            #expect(try alone.array(of: Float.self) == together.select(token, axis: 1).array(of: Float.self))
        }
    }

    @Test func aNotANumberStaysInItsRow() throws {
        let learners = try learners(.gelu)
        let input = try Tensor.normal([1, 9, 13])
        try input.select(4, axis: 1).fillInPlace(.nan)
        let output = try learners(input, choices: choices(Array(repeating: 3, count: 9)))
        let finite = try output.isFinite().to(nil, .int64).sum(axis: 2).array(of: Int.self)
        #expect(finite == [11, 11, 11, 11, 0, 11, 11, 11, 11])
    }

    @Test func wrongArgumentsAreRefused() throws {
        let learners = try learners(.gelu)
        let input = try Tensor.normal([1, 3, 13])
        #expect(throws: TorchError.self) { try learners(input, choices: choices([0, 5, 1])) }
        #expect(throws: TorchError.self) { try learners(input, choices: choices([0, -1, 1])) }
        #expect(throws: TorchError.self) { try learners(input, choices: choices([0, 1])) }
        #expect(throws: TorchError.self) { try learners(input, choices: Tensor.zeros([1, 3])) }
        #expect(throws: TorchError.self) {
            try learners(Tensor.normal([1, 3, 12]), choices: choices([0, 1, 2]))
        }
    }

    /// Every gradient of both forms against central differences in double precision.
    @Test(arguments: [true, false]) func gradientsEqualFiniteDifferences(training: Bool) throws {
        let learners = try learners(.gelu)
        try learners.move(to: nil, .float64)
        try learners.setRequiresGradient(true)
        let input = try Tensor.normal([1, 6, 13], .float64).setRequiresGradient()
        let tails = try Tensor.uniform([1, 6, 4], .float64).setRequiresGradient()
        let weights = try Tensor.normal([1, 6, 11], .float64)
        let k = try choices([0, 1, 2, 3, 4, 2])
        func value() throws -> Tensor {
            let output = try training ? learners(input, tails: tails) : learners(input, choices: k)
            return try (output * weights).sum()
        }
        try value().backward()
        let parameters = learners.parameters + [("input", input)] + (training ? [("tails", tails)] : [])
        for (name, parameter) in parameters {
            let gradient = try #require(try parameter.gradient, "\(name)").array(of: Double.self)
            for index in [0, gradient.count / 2, gradient.count - 1] {
                func shifted(_ delta: Double) throws -> Double {
                    try withoutGradients {
                        let element = try parameter.reshaped([-1]).slice(index..<index + 1, axis: 0)
                        let old = try element.item(Double.self)
                        try element.fillInPlace(old + delta)
                        defer { _ = try? element.fillInPlace(old) }
                        return try value().item()
                    }
                }
                let numeric = (try shifted(1e-5) - shifted(-1e-5)) / 2e-5
                #expect(abs(numeric - gradient[index]) < 1e-6 * max(1, abs(numeric)), "\(name)[\(index)]")
            }
        }
    }
}
