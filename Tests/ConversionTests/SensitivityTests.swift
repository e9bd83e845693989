import AdaptiveComputation
import Datasets
import Foundation
import Testing
import Torch
import Transformers

@testable import Conversion

/// How much errors of single tokens change what the dense model says.
@Suite(.serialized) struct SensitivityTests {
    /// Half the squared distance of two points, against the divergence of two distributions close to each other.
    @Test func pointsAreAsFarApartAsTheirDistributions() throws {
        try Runtime.seed(3)
        let logits = try Tensor.normal([5, 7]) * 2
        let others = try logits + Tensor.normal([5, 7]) * 0.01
        func points(_ logits: Tensor) throws -> Tensor {
            try Objective.classification.points(
                ModelOutputs([("logits", logits)]), ForwardPass(), temperature: 2)
        }
        let distances = try ((points(others) - points(logits)).square().sum(axis: 1) / 2).array(
            of: Double.self)
        let (p, q) = try ((logits / 2).logSoftmax(), (others / 2).logSoftmax())
        let divergences = try (p.exponential() * (p - q)).sum(axis: 1).array(of: Double.self)
        for (distance, divergence) in zip(distances, divergences) {
            #expect(abs(distance / divergence - 1) < 0.05)
        }
    }

    private func training(_ family: String, _ dataset: any Dataset) throws -> PhaseTraining {
        var options = ConversionOptions()
        options.gatePretraining.optimisation.batchSize = 4
        options.gatePretraining.optimisation.steps = 1
        let folder = goldens.appendingPathComponent(family)
        let model = try AdaptiveModel.convert(
            ModelFolder.load(folder), options.surgery, calibration: [dataset.batch([0, 1]).inputs])
        return try PhaseTraining(
            .gatePretraining, model: model, teacher: .load(folder), options, dataset, .cpu,
            loading: LoadingOptions(workers: 0))
    }

    /// Behind the last block a classifier reads the first token alone; before it, blocks mix tokens.
    @Test func tokensThatNothingReadsDoNotMatter() throws {
        let data = RandomTokens(vocabulary: 101)
        let training = try training("bert_classifier", data)
        let batch = try data.batch([0, 2, 4])  // of five tokens each
        let slots = try training.taughtSlots(batch, probe: (7, BatchRows(places: [0, 1, 2], count: 3)))
        let blocks = try slots.map { try #require($0.sensitivity).array(of: Double.self) }
        let last = try #require(blocks.last)
        #expect(last.count == 15)
        for (token, value) in last.enumerated() { #expect((value > 0) == (token % 5 == 0), "\(token)") }
        #expect(try #require(blocks.first).allSatisfy { $0 > 0 })
    }

    /// The mean over probes, against the sum over the points' components of squared derivatives.
    @Test func probesMeanSquaredDerivatives() throws {
        let data = RandomTokens(vocabulary: 101)
        let training = try training("bert_classifier", data)
        let batch = try data.batch([0])
        let place = try #require(training.modules.first?.place)
        func derivatives(_ component: Int) throws -> Tensor {
            var output: Tensor?
            let pass = ForwardPass()
            pass.observe = { _, found, _, tensor in
                guard found == place else { return }
                try tensor.keepGradient()
                output = tensor
            }
            let points = try training.objective.points(
                training.teacher(batch.inputs, pass), pass,
                temperature: training.options.finetuning.distillationTemperature)
            try points.select(component, axis: 1).sum().backward()
            return try #require(try output?.gradient).square().sum(axis: -1).flattened()
        }
        let width = try training.teacher(batch.inputs, ForwardPass()).required("logits").size(1)
        let exact = try (0..<width).map(derivatives)
        let sums: [Double] = try Tensor.stacked(exact).sum(axis: 0).array(of: Double.self)
        let probes = try (0..<400).map { seed in
            try training.taughtSlots(batch, probe: (UInt64(seed), BatchRows(places: [0], count: 1)))[0]
                .sensitivity
        }
        let means = try Tensor.stacked(probes.compactMap { $0 }).mean(axis: 0).array(of: Double.self)
        #expect(means.count == 5 && sums.count == 5)
        for (mean, sum) in zip(means, sums) { #expect(abs(mean / sum - 1) < 0.3, "\(mean) \(sum)") }
    }
}
