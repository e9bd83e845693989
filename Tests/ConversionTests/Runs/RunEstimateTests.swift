import AdaptiveComputation
import Datasets
import Foundation
import Testing
import Torch

@testable import Conversion

@Suite(.serialized) struct RunEstimateTests {
    let run = ConverterTests()

    @Test func phasesAreEstimatedAndNothingIsWritten() throws {
        var options = run.options(5)
        options.finetuning.optimisation.steps = 0
        options.finetuning.optimisation.epochs = 2.5
        let converter = try run.converter("bert_classifier", output: "run", options)
        let estimate = try converter.estimate()
        #expect(!FileManager.default.fileExists(atPath: run.folder.path))
        #expect(estimate.phases.map(\.phase) == TrainingPhase.allCases)
        #expect(estimate.phases.map(\.steps) == [5, 5, 15])  // 24 samples in batches of 4
        #expect(estimate.phases.map(\.sampleCount) == [20, 20, 60])
        #expect(estimate.phases.allSatisfy { ($0.secondsPerStep ?? 0) > 0 && $0.peakDeviceBytes == nil })
        #expect(estimate.seconds > estimate.phases.reduce(0) { $0 + $1.seconds })
        #expect(estimate.moduleCount == 2 && estimate.learnerCount == 4 && estimate.goesOnFrom == nil)
        let dense = try AdaptiveModel.load(converter.modelFolder)
        let parameters = dense.network.namedParameters().reduce(0) { $0 + $1.tensor.elementCount }
        #expect(estimate.denseParameters == parameters && estimate.parameters > parameters)
        // Phase III trains everything, phase I and II disjoint parts of it.
        let trained = estimate.phases.map(\.trainedParameters)
        #expect(trained[2] == estimate.parameters && trained[0] + trained[1] < trained[2])
        // Weights, and two moments of each trained one.
        #expect(estimate.checkpointBytes >= 4 * (estimate.parameters + 2 * trained[2]))
        #expect(try #require(estimate.peakHostBytes) > 1 << 20)
    }

    @Test func costsAreThoseOfTheModel() throws {
        defer { try? FileManager.default.removeItem(at: run.folder) }
        let texts = try run.converter("bert", output: "texts", run.options(1))
        #expect(try texts.estimate([.distillation]).costs == nil)  // of lengths that are not texts'
        let images = run.folder.appendingPathComponent("images.safetensors")
        try FileManager.default.createDirectory(at: run.folder, withIntermediateDirectories: true)
        try SafetensorsWriter.write([("images", try Tensor.zeros([8, 5, 24, 16], .uint8))], to: images)
        let folder = goldens.appendingPathComponent("vit_classifier")
        let shown = Converter(
            modelFolder: folder, output: run.folder.appendingPathComponent("images"),
            dataset: try ImageTensorDataset(
                images, mean: Array(repeating: 0.5, count: 5), deviation: Array(repeating: 0.5, count: 5)),
            options: run.options(1))
        let costs = try #require(try shown.estimate([.distillation]).costs)
        #expect(try costs.dense == ModelCost(AdaptiveModel.load(folder)).total())
        // All learners cost what they replace; the gates come on top.
        #expect(costs.adaptive > costs.dense && costs.adaptive < 1.2 * costs.dense)

        let converter = Converter(
            modelFolder: goldens.appendingPathComponent("whisper"),
            output: run.folder.appendingPathComponent("run"), dataset: RandomSpectrograms(),
            options: run.options(1))
        #expect(try converter.estimate([.distillation]).costs == nil)
    }

    @Test func whatTheRunRefusesIsRefused() throws {
        defer { try? FileManager.default.removeItem(at: run.folder) }
        #expect(throws: ConversionError.self) {
            try run.converter("bert", output: "run", run.options()).estimate([.gatePretraining])
        }
        var broken = run.options()
        broken.distillation.optimisation.learningRate = 1e30
        #expect(throws: ConversionError.self) {
            try run.converter("bert", output: "run", broken).estimate()
        }
    }

    @Test func anUnfinishedRunIsTold() throws {
        defer { try? FileManager.default.removeItem(at: run.folder) }
        let whole = try run.converter("bert", output: "run", run.options())
        #expect(throws: ConverterTests.Stop.self) {
            try Converter(
                modelFolder: whole.modelFolder, output: whole.output,
                dataset: FailingDataset(base: whole.dataset, failsAt: 7), options: run.options()
            ).run()
        }
        let goesOn = try #require(try whole.estimate().goesOnFrom)
        #expect(goesOn.phase == .distillation && goesOn.step == 4)
        #expect(try whole.run().configuration?.phase == .finetuned)
    }
}
