import AdaptiveComputation
import Datasets
import Foundation
import Testing
import Torch
import Transformers

@testable import Conversion

/// Random spectrograms for the tiny Whisper, with texts of two lengths.
struct RandomSpectrograms: Dataset {
    let count = 16
    let classNames: [String]? = nil
    let lengths: [Int]? = nil

    func batch(_ indices: [Int]) throws -> Batch {
        var random = SplitMix64(seed: UInt64(indices[0]))
        let features = (0..<indices.count * 5 * 28).map { _ in Float(random.unit() * 2 - 1) }
        let ids = (0..<indices.count * 6).map { _ in Int.random(in: 0..<70, using: &random) }
        let real = indices.flatMap { index in (0..<6).map { $0 < 4 + index % 3 ? 1 : 0 } }
        let labels = zip(ids, real).map { $1 == 1 ? ($0 + 1) % 70 : -100 }
        return Batch(
            inputs: ModelInputs([
                "input_features": try Tensor(features, shape: [indices.count, 5, 28]),
                "decoder_input_ids": try Tensor(ids, shape: [indices.count, 6]),
                "decoder_attention_mask": try Tensor(real, shape: [indices.count, 6]),
            ]), labels: try Tensor(labels, shape: [indices.count, 6]))
    }
}

/// Conversion of an encoder–decoder, and its loss.
@Suite struct GenerationTests {
    @Test func allPhasesRun() throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("acm-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: folder) }
        var options = ConversionOptions()
        options.modules = [.feedForward, .crossQuery, .crossKey]
        for path: WritableKeyPath<ConversionOptions, ConversionOptions.Optimisation> in [
            \.distillation.optimisation, \.gatePretraining.optimisation, \.finetuning.optimisation,
        ] {
            options[keyPath: path].steps = 4
            options[keyPath: path].batchSize = 4
        }
        options.calibrationBatches = 2
        options.distillation.optimisation.learningRate = 1e-3
        var losses: [TrainingPhase: [Double]] = [:]
        let model = try Converter(
            modelFolder: goldens.appendingPathComponent("whisper"), output: folder,
            dataset: RandomSpectrograms(),
            options: options, reportSteps: 1
        ) { report in losses[report.phase, default: []].append(report.values[0].value) }.run()
        #expect(model.modules.count == 2 + 2 * 3 && model.configuration?.phase == .finetuned)
        for phase in TrainingPhase.allCases {
            #expect(losses[phase]?.count == 4)
            #expect(losses[phase]?.allSatisfy(\.isFinite) == true, "\(phase)")
        }
        let distillation = try #require(losses[.distillation])
        #expect(distillation[3] < distillation[0])
        #expect(try AdaptiveModel.load(folder).configuration == model.configuration)
    }

    func outputs(_ logits: [Float]) throws -> ModelOutputs {
        try ModelOutputs([
            ("logits", Tensor(logits, shape: [1, 2, 2])), ("encoder_last_hidden_state", .zeros([1, 3, 4])),
        ])
    }

    /// The second token is padding, so that its logits count in neither part.
    @Test func paddingDoesNotCount() throws {
        var options = ConversionOptions.Finetuning()
        options.distillationTemperature = 1
        let student = (outputs: try outputs([0, 0, 9, -9]), pass: ForwardPass())
        let teacher = (outputs: try outputs([log(3), 0, -9, 9]), pass: ForwardPass())
        let labels = try Tensor([1, -100], shape: [1, 2])
        let network = try ModelFolder.load(goldens.appendingPathComponent("whisper"))
        #expect(try Objective(network) == .generation)
        options.distillationWeight = 0
        let own = try Objective.generation.loss(student: student, teacher: nil, labels: labels, options)
        #expect(abs(try own.item(Double.self) - log(2)) < 1e-6)
        options.distillationWeight = 1
        let taught = try Objective.generation.loss(
            student: student, teacher: teacher, labels: labels, options)
        // KL of (3/4, 1/4) from (1/2, 1/2).
        let wanted = 0.75 * log(1.5) + 0.25 * log(0.5)
        #expect(abs(try taught.item(Double.self) - wanted) < 1e-6)
        options.distillationWeight = 0.5
        let both = try Objective.generation.loss(student: student, teacher: teacher, labels: labels, options)
        #expect(abs(try both.item(Double.self) - (log(2) + wanted) / 2) < 1e-6)
    }

    @Test func labelsOfAnotherShapeAreRefused() throws {
        let student = (outputs: try outputs([0, 0, 0, 0]), pass: ForwardPass())
        let options = ConversionOptions.Finetuning()
        #expect(throws: ConversionError.self) {
            try Objective.generation.loss(
                student: student, teacher: nil, labels: .zeros([1], .int64), options)
        }
        #expect(throws: ConversionError.self) {
            try Objective.generation.loss(student: student, teacher: nil, labels: nil, options)
        }
    }
}
