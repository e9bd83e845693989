import Testing
import Torch

@testable import Transformers

/// Additions and norms that a GPU joins, here by the operators that they are made of.
@Suite struct JoinedNormsTests {
    /// Counts how it is called.
    private struct Spy: Slot {
        final class Calls: @unchecked Sendable {
            var alone = 0, added = 0, normalised = 0, scaled = 0
        }
        let inner: any Slot
        let calls = Calls()

        var inputWidth: Int { inner.inputWidth }
        var outputWidth: Int { inner.outputWidth }
        var children: [(name: String, layer: any Layer)] { [("inner", inner)] }

        func callAsFunction(_ input: Tensor, at place: SlotPlace, _ pass: ForwardPass) throws -> Tensor {
            calls.alone += 1
            return try inner(input, at: place, pass)
        }

        func callAsFunction(
            _ input: Tensor, addedTo residual: Tensor, at place: SlotPlace, _ pass: ForwardPass
        ) throws -> Tensor {
            calls.added += 1
            return try inner(input, addedTo: residual, at: place, pass)
        }

        func callAsFunction(
            _ input: Tensor, scaledBy scale: LayerScale?, addedTo residual: Tensor,
            normalisedBy norm: LayerNorm, at place: SlotPlace, _ pass: ForwardPass
        ) throws -> (sum: Tensor, output: Tensor) {
            calls.normalised += 1
            if scale != nil { calls.scaled += 1 }
            return try inner(
                input, scaledBy: scale, addedTo: residual, normalisedBy: norm, at: place, pass)
        }
    }

    @Test(arguments: Goldens.all) func modelsGiveTheSame(name: String) throws {
        let model = try Goldens.model(name)
        let inputs = try Goldens.tensors(name, "inputs")
        let isInterpolated = Goldens.interpolated.contains(name)
        let wanted = try model.allOutputs(inputs, interpolatesPositions: isInterpolated)
        let found = try model.allOutputs(inputs, interpolatesPositions: isInterpolated, joinsNorms: true)
        #expect(found.keys == wanted.keys)
        for (output, tensor) in wanted {
            #expect(try #require(found[output]).equals(tensor).allTrue(), "\(name) \(output)")
        }
    }

    @Test(arguments: ["bert", "vit", "dinov2", "wav2vec2", "wav2vec2_stable", "whisper"])
    func slotsAreJoinedWithoutGradients(name: String) throws {
        var model = try Goldens.model(name)
        let place = SlotPlace(block: 0, kind: .feedForward)
        let spy = Spy(inner: try #require(model.slot(at: place)))
        try model.replaceSlot(at: place, with: spy)
        let inputs = try ModelInputs(Goldens.tensors(name, "inputs"))
        let isPreNorm = !["bert", "wav2vec2"].contains(name)
        let pass = ForwardPass()
        pass.joinsNormsAnywhere = true
        _ = try model(inputs, pass)  // with gradients
        #expect(spy.calls.normalised == 0 && spy.calls.alone + spy.calls.added == 1)
        _ = try withoutGradients { try model(inputs, pass) }
        #expect(spy.calls.normalised == (isPreNorm ? 1 : 0))
        #expect(spy.calls.scaled == (name == "dinov2" ? 1 : 0))
        pass.observe = { _, _, _, _ in }
        _ = try withoutGradients { try model(inputs, pass) }
        #expect(spy.calls.normalised == (isPreNorm ? 1 : 0))
    }

    /// What a block computes of the next block's input is taken for that input and norm alone, and once.
    @Test func normsAheadAreOfTheirStates() throws {
        let pass = ForwardPass()
        pass.joinsNormsAnywhere = true
        let (own, following, other) = try (norm(), norm(), norm())
        let slot = try Linear(inputWidth: 8, outputWidth: 8)
        try slot.reset()
        let input = try Tensor.normal([2, 3, 8])
        let place = SlotPlace(block: 0, kind: .feedForward)
        func block() throws -> Tensor {
            try pass.run(slot, at: place, normalisedBy: own, after: input) { residual in
                try residual.map { try $0 + input } ?? input
            }
        }
        try withoutGradients {
            let wanted = try input + input + slot(own(input + input))
            #expect(try block().equals(wanted).allTrue())
            pass.followingNorm = following
            let states = try block()
            #expect(try states.equals(wanted).allTrue())
            let ahead = try following(states)
            try following.weight.fillInPlace(7)  // too late for what is computed
            #expect(try pass.normalised(states, by: following).equals(ahead).allTrue())
            #expect(try pass.normalised(states, by: following).equals(following(states)).allTrue())
            let again = try block()
            #expect(try pass.normalised(again, by: other).equals(other(again)).allTrue())
            let changed = try block().square()
            #expect(try pass.normalised(changed, by: following).equals(following(changed)).allTrue())
        }
    }

    /// Scales are part of the additions, whose products are rounded as those of operators of their own.
    @Test(arguments: [DataType.float32, .bfloat16], [false, true])
    func scalesGiveTheSame(type: DataType, isFollowed: Bool) throws {
        try Runtime.seed(11)
        let (own, following) = try (norm(), norm())
        let scales = try (attended: scale(), output: scale())
        let slot = try Linear(inputWidth: 8, outputWidth: 8)
        try slot.reset()
        for layer in [own, following, scales.attended, scales.output, slot] as [any Layer] {
            try layer.move(to: nil, type)
        }
        let input = try Tensor.normal([2, 30, 8]).to(nil, type)
        let attended = try Tensor.normal([2, 30, 8]).to(nil, type)
        func block(joinsNorms: Bool) throws -> (states: Tensor, normed: Tensor) {
            let pass = ForwardPass()
            pass.joinsNormsAnywhere = joinsNorms
            pass.followingNorm = isFollowed ? following : nil
            let states = try pass.run(
                slot, at: SlotPlace(block: 0, kind: .feedForward), normalisedBy: own, scaledBy: scales,
                after: input
            ) { residual in
                try residual.map { try $0 + attended } ?? attended
            }
            return (states, try pass.normalised(states, by: following))
        }
        try withoutGradients {
            let sum = try input + attended * scales.attended.scale
            let wanted = try sum + slot(own(sum)) * scales.output.scale
            for joinsNorms in [false, true] {
                let (states, normed) = try block(joinsNorms: joinsNorms)
                #expect(states.dataType == type)
                #expect(try states.equals(wanted).allTrue() && normed.equals(following(wanted)).allTrue())
            }
        }
    }

    private func scale() throws -> LayerScale {
        let scale = try LayerScale(width: 8)
        try scale.scale.fillNormalInPlace()
        return scale
    }

    private func norm() throws -> LayerNorm {
        let norm = try LayerNorm(width: 8, epsilon: 1e-5)
        try norm.weight.fillNormalInPlace(mean: 1, deviation: 0.3)
        try norm.bias.fillNormalInPlace()
        return norm
    }
}
