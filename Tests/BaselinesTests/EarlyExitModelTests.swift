import AdaptiveComputation
import Foundation
import Testing
import Torch
import Transformers

@testable import Baselines

@Suite struct EarlyExitModelTests {
    /// Exits of random weights on a golden, and samples of several lengths where it is of texts.
    private func model(_ golden: String) throws -> (model: EarlyExitModel, inputs: ModelInputs) {
        let base = try ModelFolder.load(goldens.appendingPathComponent(golden))
        let classCount = try ModelFolder.classNames(goldens.appendingPathComponent(golden))?.count ?? 0
        try Runtime.seed(5)
        let model = try EarlyExitModel(base, classCount: classCount)
        for exit in model.exits { try exit.reset() }
        for ensemble in model.ensembles {
            try ensemble.reset()
            try ensemble.bias.fillNormalInPlace()
            try ensemble.logWeights.fillNormalInPlace()
        }
        try model.setRequiresGradient(false)
        guard golden == "bert_classifier" else {
            return (model, ModelInputs(["pixel_values": try .normal([6, 3, 24, 24])]))
        }
        let ids = (0..<6 * 7).map { $0 * 5 % 30 }
        let mask = (0..<6 * 7).map { $0 % 7 <= $0 / 7 ? 1 : 0 }
        return (
            model,
            ModelInputs([
                "input_ids": try Tensor(ids, shape: [6, 7]),
                "attention_mask": try Tensor(mask, shape: [6, 7]),
            ])
        )
    }

    /// What each exit would answer, from a run through all blocks.
    private func answers(_ model: EarlyExitModel, _ inputs: ModelInputs) throws -> [[[Double]]] {
        let pass = ForwardPass(keepsHiddenStates: true)
        let outputs = try model.base(inputs, pass)
        return try model.ensembleLogits(model.exitLogits(outputs, pass)).map { answer in
            try (0..<6).map { try answer.select($0, axis: 0).array(of: Double.self) }
        }
    }

    /// Samples leave at the first exit that is sure enough, with its answer; the others go on as if alone.
    @Test(arguments: ["bert_classifier", "deit_classifier"]) func samplesLeaveWhenSure(golden: String) throws
    {
        var (model, inputs) = try model(golden)
        let answers = try answers(model, inputs)
        func confidence(_ logits: [Double]) -> Double {
            let top = logits.max() ?? 0
            return 1 / logits.reduce(0) { $0 + exp($1 - top) }
        }
        let firsts = (0..<6).map { confidence(answers[0][$0]) }.sorted()
        // Half of the samples are surer than this at the first exit.
        let threshold = (firsts[2] + firsts[3]) / 2
        model.thresholds = ExitThresholds(budgets: [0.5], thresholds: [threshold])
        let pass = AdaptivePass(budget: 0.5)
        let logits = try model(inputs, pass).required("logits")
        var depths: Set<Int> = []
        for sample in 0..<6 {
            let exits = answers.indices.dropLast()
            let exit = exits.first { confidence(answers[$0][sample]) >= threshold } ?? answers.count - 1
            depths.insert(exit)
            let found = try logits.select(sample, axis: 0).array(of: Double.self)
            #expect(zip(found, answers[exit][sample]).allSatisfy { abs($0 - $1) < 1e-4 })
            let tokens = try inputs["attention_mask"].map {
                try $0.select(sample, axis: 0).sum().item(Int.self)
            }
            let cost = try model.costs(tokenCount: #require(tokens ?? model.dimensions.tokenCount))[exit]
            #expect(try pass.sampleCosts?()[sample] == cost)
        }
        #expect(depths.contains(0) && depths.count > 1)
    }

    /// With a budget of 1 all samples run all blocks, and the last ensemble answers.
    @Test func allStayWithTheWholeBudget() throws {
        var (model, inputs) = try model("deit_classifier")
        model.thresholds = ExitThresholds(budgets: [0.5], thresholds: [0])
        let wanted = try answers(model, inputs).last ?? []
        let found = try model(inputs, AdaptivePass(budget: 1)).required("logits").array(of: Double.self)
        #expect(zip(found, wanted.joined()).allSatisfy { abs($0 - $1) < 1e-4 })
    }

    @Test func allLeaveAtOnce() throws {
        var (model, inputs) = try model("bert_classifier")
        model.thresholds = ExitThresholds(budgets: [0.5], thresholds: [0])
        let wanted = try answers(model, inputs).first ?? []
        let found = try model(inputs, AdaptivePass(budget: 0.2)).required("logits").array(of: Double.self)
        #expect(zip(found, wanted.joined()).allSatisfy { abs($0 - $1) < 1e-4 })
    }

    @Test func exitsReadTheFirstTokenAndTheMeanOfRealOnes() throws {
        let head = try ExitHead(width: 2, classCount: 4, isFirst: true)
        try head.reset()
        try head.setRequiresGradient(false)
        let identity = (0..<16).map { $0 % 5 == 0 ? 1 : 0 } as [Float]
        try head.linear.weight.copyInPlace(from: Tensor(identity, shape: [4, 4]))
        try head.linear.bias?.fillInPlace(0)
        let states = try Tensor([1, 3, 5, 1, 100, 200] as [Float], shape: [1, 3, 2])
        let mask = try Tensor([1, 1, 0], shape: [1, 3]).to(nil, .bool)
        // The mean of (1, 3) and (5, 1) is (3, 2).
        let found = try head(states, mask: mask, before: nil).array(of: Double.self)
        #expect(zip(found, [-1, 1, 1, -1]).allSatisfy { abs($0 - $1) < 1e-4 }, "\(found)")
    }

    /// `exp(bias) · Π p^w` by hand, of two exits and two classes.
    @Test func ensemblesAreGeometricMeans() throws {
        let ensemble = try ExitEnsemble(exitCount: 2, classCount: 2)
        try ensemble.logWeights.copyInPlace(from: Tensor([log(2), log(0.5)] as [Float]))
        try ensemble.bias.copyInPlace(from: Tensor([0, log(3)] as [Float]))
        let said = try Tensor([0.25, 0.75, 0.64, 0.36] as [Float], shape: [1, 2, 2]).logarithm()
        let answer = try ensemble(said).softmax().array(of: Double.self)
        let (first, second) = (0.25 * 0.25 * 0.8, 3 * 0.75 * 0.75 * 0.6)
        #expect(abs(answer[0] - first / (first + second)) < 1e-6)
    }

    @Test func thresholdsKeepBudgets() throws {
        // Ten samples, sure by 0.0, 0.1, … at the only exit before the last; leaving costs a quarter.
        let thresholds = ExitThresholds(
            confidences: (0..<10).map { [Double($0) / 10] }, costs: Array(repeating: [1, 4], count: 10),
            denseCosts: Array(repeating: 4, count: 10))
        #expect(thresholds.budgets.first == 0.25)
        #expect(thresholds.threshold(at: 1) == .infinity)
        for (budget, leaving) in [(0.25, 10), (0.4, 8), (0.85, 2)] {
            let threshold = thresholds.threshold(at: budget)
            #expect((0..<10).filter { Double($0) / 10 >= threshold }.count == leaving, "\(budget)")
        }
    }
}
