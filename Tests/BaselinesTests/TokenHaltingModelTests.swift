import AdaptiveComputation
import Foundation
import Testing
import Torch
import Transformers

@testable import Baselines

@Suite struct TokenHaltingModelTests {
    private func model(_ golden: String, scale: Double, shift: Double) throws -> TokenHaltingModel {
        let model = try TokenHaltingModel(ModelFolder.load(goldens.appendingPathComponent(golden)))
        try model.halting.scale.fillInPlace(scale)
        try model.halting.shift.fillInPlace(shift)
        try model.setRequiresGradient(false)
        return model
    }

    /// Six samples, of texts some shorter.
    private func inputs(_ golden: String) throws -> ModelInputs {
        try Runtime.seed(7)
        guard golden == "bert_classifier" else {
            return ModelInputs(["pixel_values": try .normal([6, 3, 24, 24])])
        }
        let mask = (0..<6 * 7).map { $0 % 7 <= $0 / 7 ? 1 : 0 }
        return ModelInputs([
            "input_ids": try Tensor((0..<6 * 7).map { $0 * 11 % 30 }, shape: [6, 7]),
            "attention_mask": try Tensor(mask, shape: [6, 7]),
        ])
    }

    private func largestDifference(_ first: Tensor, _ second: Tensor) throws -> Double {
        try (first - second).absolute().maximum().item(Double.self)
    }

    @Test(arguments: ["bert_classifier", "deit_classifier"]) func withoutHaltingItIsTheDenseModel(
        golden: String
    ) throws {
        let model = try model(golden, scale: 0, shift: -100)
        let inputs = try inputs(golden)
        let wanted = try model.base(inputs, ForwardPass()).required("logits")
        let pass = AdaptivePass()
        #expect(try largestDifference(model(inputs, pass).required("logits"), wanted) < 1e-5)
        let found = try model.train(inputs, ForwardPass()).outputs.required("logits")
        #expect(try largestDifference(found, wanted) < 1e-5)
        let tokens = try inputs["attention_mask"]?.sum(axis: 1).array(of: Int.self)
        for (sample, cost) in try #require(try pass.sampleCosts?()).enumerated() {
            let dense = try ModelCost(AdaptiveModel(dense: model.base), tokenCount: tokens?[sample]).total()
            #expect(abs(cost - dense) < 1e-6 * dense)
        }
    }

    /// Taken out of what runs, or there without effect: halted tokens leave the same logits.
    @Test(arguments: ["bert_classifier", "deit_classifier"]) func halted(golden: String) throws {
        let model = try model(golden, scale: 0, shift: -100)
        let inputs = try inputs(golden)
        // Such that about half of the tokens halt after the first block, but not the first class token.
        let hidden = ForwardPass(keepsHiddenStates: true)
        _ = try model.base(inputs, hidden)
        let channel = try hidden.hiddenStates[1].select(0, axis: 2).array(of: Double.self)
        let median = channel.sorted()[channel.count / 2]
        let scale = channel[0] < median ? 1000.0 : -1000
        try model.halting.scale.fillInPlace(scale)
        try model.halting.shift.fillInPlace(-scale * median)
        let (outputs, shares, ran) = try model.train(inputs, ForwardPass())
        let pass = AdaptivePass()
        let logits = try model(inputs, pass).required("logits")
        #expect(try largestDifference(logits, outputs.required("logits")) < 1e-5)
        // Shares of a token add up to 1, padding has none.
        #expect(try largestDifference(shares.sum(axis: 0), ran.select(0, axis: 0)) < 1e-5)
        // A token costs as long as it runs and its sample is not done.
        let runs = try ran.to(nil, .int64)
        let counts = try runs.sum(axis: 2).array(of: Int.self)  // [blocks, batch]
        let classToken = try runs.select(0, axis: 2).array(of: Int.self)
        let blocks = try shares.size(0)
        var depths: Set<Int> = []
        for sample in 0..<6 {
            let own = (0..<blocks).filter { classToken[$0 * 6 + sample] == 1 }.map { counts[$0 * 6 + sample] }
            depths.insert(own.count)
            #expect(try pass.sampleCosts?()[sample] == BlockCosts().total(model.base, own))
        }
        let first = Array(counts[0..<6])
        let second = Array(counts[6..<12])
        #expect(zip(first, second).contains { $0 > $1 }, "nothing halts")
        #expect(depths.contains(blocks), "all are done early")
    }

    @Test func headsOfSeveralTokensAreRefused() throws {
        #expect {
            try TokenHaltingModel(
                ModelFolder.load(goldens.appendingPathComponent("dinov2_registers_classifier")))
        } throws: {
            $0.localizedDescription.contains("classifiers of the first token")
        }
    }

    /// Two blocks, one sample of three tokens and one of padding: it halts in the first, the others later.
    @Test func losses() throws {
        let shares = try Tensor([1, 0.25, 0.5, 0, 0, 0.75, 0.5, 0] as [Float], shape: [2, 1, 4])
        let ran = try Tensor([1, 1, 1, 0, 0, 1, 1, 0] as [Float], shape: [2, 1, 4])
        // (1 + 1) + (2 + 0.75) + (2 + 0.5) over three tokens.
        let ponder = try HaltingLoss.ponder(shares, ran: ran).item(Double.self)
        #expect(abs(ponder - 7.25 / 3) < 1e-6)
        let found = [1.75 / 3, 1.25 / 3]
        let target = [1 / (1 + exp(-0.5)), exp(-0.5) / (1 + exp(-0.5))]  // around the first block
        let wanted = zip(found, target).reduce(0) { $0 + $1.0 * log($1.0 / $1.1) }
        let distribution = try HaltingLoss.distribution(shares, ran: ran, depth: 1, deviation: 1)
        #expect(try abs(distribution.item(Double.self) - wanted) < 1e-6)
    }
}
