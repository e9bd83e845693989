import Testing
import Torch

@testable import AdaptiveComputation
@testable import Transformers

/// What a block does at once on a GPU, here by the operators that it is made of.
@Suite struct PreNormTests {
    private let place = SlotPlace(block: 0, kind: .feedForward)

    enum Kind: CaseIterable {
        case dense, conditioned, calibrated, withOneChoice
    }

    private func slot(_ kind: Kind) throws -> any Slot {
        try Runtime.seed(5)
        if kind == .dense {
            let dense = try FeedForward(width: 24, hiddenWidth: 40, activation: .gelu)
            try dense.up.reset()
            try dense.down.reset()
            return dense
        }
        var module = try AdaptiveModule(
            ModuleDescription(
                place: place, inputWidth: 24, outputWidth: 24, learnerCount: 3, learnerWidth: 16,
                minimumChoice: kind == .withOneChoice ? 3 : 0, activation: .gelu),
            gateWidth: 16, isBudgetConditioned: kind == .conditioned)
        try module.learners.reset()
        try module.gate.reset()
        // So that it tells tokens apart.
        for layer in module.gate.layers { try layer.weight.fillNormalInPlace(deviation: 0.5) }
        if kind == .calibrated {
            module.gate.offsets = BudgetOffsets(
                budgets: [0.2, 0.8], rows: [[0, -0.05, -0.1, -0.2], [0, 0.05, 0.1, 0.2]])
        }
        return module
    }

    private func norm() throws -> LayerNorm {
        let norm = try LayerNorm(width: 24, epsilon: 1e-5)
        try norm.weight.fillNormalInPlace(mean: 1, deviation: 0.3)
        try norm.bias.fillNormalInPlace()
        return norm
    }

    private func scale() throws -> LayerScale {
        let scale = try LayerScale(width: 24)
        try scale.scale.fillNormalInPlace()
        return scale
    }

    private func pass(_ mode: GatingMode, budget: Double, isPadded: Bool) throws -> AdaptivePass {
        try Runtime.seed(7)  // the noise of training
        let pass = AdaptivePass(mode: mode, budget: budget)
        if isPadded { pass.tokenMask = try Tensor.range(0..<30).reshaped([3, 10]).isAtLeast(4) }
        return pass
    }

    /// Output, trace and what the gate is heard to say are those of addition, norm and slot one by one.
    @Test(
        arguments: Kind.allCases, [GatingMode.inference, .fixed(3), .training(temperature: 1)])
    func slotsGiveWhatTheyGiveOneByOne(kind: Kind, mode: GatingMode) throws {
        let slot = try slot(kind)
        let norm = try norm()
        let (input, residual) = try (Tensor.normal([3, 10, 24]), Tensor.normal([3, 10, 24]))
        for (budget, isPadded) in [(0.3, false), (0.3, true), (1, false), (1, true)] {
            let scale = try isPadded ? scale() : nil
            for isHeard in [false, true] {
                func run(
                    _ body: (AdaptivePass) throws -> Tensor
                ) throws -> (output: Tensor, pass: AdaptivePass, terms: [Tensor]) {
                    let pass = try pass(mode, budget: budget, isPadded: isPadded)
                    var terms: [Tensor] = []
                    if isHeard { pass.observeTokenTerm = { terms.append($1) } }
                    return (try withoutGradients { try body(pass) }, pass, terms)
                }
                let wanted = try run { pass in
                    let sum = try residual + (scale?(input) ?? input)
                    return try slot(norm(sum), addedTo: sum, at: place, pass)
                }
                let found = try run { pass in
                    let (sum, output) = try slot(
                        input, scaledBy: scale, addedTo: residual, normalisedBy: norm, at: place, pass)
                    return try sum + output
                }
                #expect(try found.output.equals(wanted.output).allTrue(), "\(budget) \(isPadded)")
                #expect(found.pass.trace.count == (kind == .dense ? 0 : 1))
                #expect(found.pass.trace.count == wanted.pass.trace.count)
                for (decision, expected) in zip(found.pass.trace, wanted.pass.trace) {
                    #expect(decision.place == place && decision.minimumChoice == expected.minimumChoice)
                    #expect(decision.choices.shape == [3, 10])
                    #expect(try decision.choices.equals(expected.choices).allTrue())
                    #expect((decision.oneHot == nil) == (expected.oneHot == nil))
                }
                #expect(found.terms.count == wanted.terms.count)
                for (term, expected) in zip(found.terms, wanted.terms) {
                    #expect(try term.equals(expected).allTrue())
                }
            }
        }
    }

    /// The gate is asked about the norm, and says different things of different tokens.
    @Test(arguments: [Kind.conditioned, .calibrated]) func choicesAreThoseForTheNorm(kind: Kind) throws {
        let module = try #require(slot(kind) as? AdaptiveModule)
        let (norm, scale) = try (norm(), scale())
        let (input, residual) = try (Tensor.normal([1, 300, 24]), Tensor.normal([1, 300, 24]))
        try withoutGradients {
            let (sum, normed, choices) = try module.gate.choices(
                input, scaledBy: scale, addedTo: residual, normalisedBy: norm, budget: 0.5, minimum: 1)
            let wantedSum = try residual + scale(input)
            let wanted = try norm(wantedSum)
            #expect(try sum.equals(wantedSum).allTrue() && normed.equals(wanted).allTrue())
            let expected = try module.gate(wanted, budget: 0.5).argMax(axis: -1) + 1
            #expect(try choices.equals(expected).allTrue())
            #expect(Set(try choices.array(of: Int.self)).count > 1)
        }
    }
}
