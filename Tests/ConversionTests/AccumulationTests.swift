import AdaptiveComputation
import Datasets
import Foundation
import Testing
import Torch
import Transformers

@testable import Conversion

/// Gradients of a batch in parts, and of blocks that run again, against those of the whole at once.
@Suite(.serialized) struct AccumulationTests {
    enum Family: String, CaseIterable {
        case bert
        case bertClassifier = "bert_classifier"
        case wav2vec2 = "wav2vec2_ctc"
        case whisper

        var dataset: any Dataset {
            switch self {
            case .bert, .bertClassifier: RandomTokens(vocabulary: 101)
            case .wav2vec2: RandomSpeech()
            case .whisper: RandomSpectrograms()
            }
        }
    }

    /// The gradients that one step leaves, by parameter, and its values.
    func gradients(
        _ family: Family, _ phase: TrainingPhase, looksFreely: Bool = true,
        change: (inout ConversionOptions) -> Void
    ) throws -> (gradients: [String: [Double]], values: [String: Double]) {
        var options = ConversionOptions()
        options.modules = .ofKinds([.feedForward, .query] + (family == .whisper ? [.crossKey] : []))
        options.finetuning.diversityWeight = 0.3
        options.finetuning.entropyWeight = 0.2
        for path: WritableKeyPath<ConversionOptions, ConversionOptions.Optimisation> in [
            \.distillation.optimisation, \.gatePretraining.optimisation, \.finetuning.optimisation,
        ] {
            options[keyPath: path].batchSize = 8
            options[keyPath: path].gradientNorm = 1e6
            options[keyPath: path].steps = 1
        }
        change(&options)
        let teacher = try AdaptiveModel.load(goldens.appendingPathComponent(family.rawValue))
        let student = try ModelFolder.load(goldens.appendingPathComponent(family.rawValue))
        try Runtime.seed(1)
        let calibration = try family.dataset.batch(Array(0..<8)).inputs
        let model = try AdaptiveModel.convert(student, options.surgery, calibration: [calibration])
        let training = try PhaseTraining(
            phase, model: model, teacher: teacher, options, family.dataset, .cpu,
            loading: LoadingOptions(workers: 0))
        training.looksFreely = looksFreely
        let values = try training.step(0, readsValues: true)
        let named = try model.network.namedParameters().compactMap { name, tensor in
            try tensor.gradient.map { (name, try $0.array(of: Double.self)) }
        }
        return (
            Dictionary(uniqueKeysWithValues: named),
            Dictionary(uniqueKeysWithValues: values.map { ($0.name, $0.value) })
        )
    }

    func expectEqual(
        _ found: (gradients: [String: [Double]], values: [String: Double]),
        _ wanted: (gradients: [String: [Double]], values: [String: Double]), _ comment: Comment
    ) {
        #expect(found.gradients.keys == wanted.gradients.keys, comment)
        for (name, gradient) in wanted.gradients {
            let scale = gradient.map(abs).max() ?? 0
            let other = found.gradients[name] ?? []
            let difference = zip(gradient, other).map { abs($0 - $1) }.max() ?? .infinity
            #expect(difference <= 2e-4 * scale + 1e-6, "\(comment) \(name): \(difference) of \(scale)")
        }
        for (name, value) in wanted.values {
            #expect(
                abs((found.values[name] ?? .nan) - value) <= 1e-4 * max(1, abs(value)), "\(comment) \(name)")
        }
    }

    @Test(arguments: Family.allCases, TrainingPhase.allCases)
    func partsAddUpToTheWhole(family: Family, phase: TrainingPhase) throws {
        let whole = try gradients(family, phase) { _ in }
        #expect(whole.gradients.values.contains { $0.contains { $0 != 0 } })
        // The last of three parts is smaller.
        for size in [4, 3] {
            let parts = try gradients(family, phase) {
                $0.distillation.optimisation.microBatchSize = size
                $0.gatePretraining.optimisation.microBatchSize = size
                $0.finetuning.optimisation.microBatchSize = size
            }
            expectEqual(parts, whole, "\(size)")
        }
    }

    /// Parts find the sensitivities of the whole, and so do rows that are not picked.
    @Test(arguments: Family.allCases)
    func sensitivitiesOfPartsAreThoseOfTheWhole(family: Family) throws {
        let whole = try gradients(family, .gatePretraining) { $0.gatePretraining.labelRule = .sensitivity }
        for looksFreely in [true, false] {
            let parts = try gradients(family, .gatePretraining, looksFreely: looksFreely) {
                $0.gatePretraining.labelRule = .sensitivity
                $0.gatePretraining.optimisation.microBatchSize = 3
            }
            expectEqual(parts, whole, "picked: \(looksFreely)")
        }
        let unweighted = try gradients(family, .gatePretraining) { $0.gatePretraining.labelRule = .budget }
        #expect(whole.values != unweighted.values)
        let coarse = try gradients(family, .gatePretraining) {
            $0.gatePretraining.labelRule = .sensitivity
            $0.precision = .bfloat16
        }
        let losses = try [coarse, whole].map { try #require($0.values["loss"]) }
        #expect(abs(losses[0] / losses[1] - 1) < 0.1)
    }

    /// Three budgets a step, the first with the noise that a step at that budget alone has.
    @Test func theSandwichRuleIsTheMeanOfItsBudgets() throws {
        let whole = try gradients(.bertClassifier, .finetuning) { $0.finetuning.sandwich = true }
        let parts = try gradients(.bertClassifier, .finetuning) {
            $0.finetuning.sandwich = true
            $0.finetuning.optimisation.microBatchSize = 3
        }
        expectEqual(parts, whole, "in parts")
        let drawn = try #require(try gradients(.bertClassifier, .finetuning) { _ in }.values["budget"])
        #expect(abs((whole.values["budget"] ?? 0) - (0.15 + 1 + drawn) / 3) < 1e-6)
        // All budgets the same, and nothing to choose: loss and gradients are those of one.
        func still(_ sandwich: Bool) throws -> (gradients: [String: [Double]], values: [String: Double]) {
            try gradients(.bertClassifier, .finetuning) {
                $0.minimumChoiceOfFeedForward = $0.learners
                $0.minimumChoiceOfProjection = $0.learners
                $0.finetuning.lowestBudget = 1
                $0.finetuning.sandwich = sandwich
            }
        }
        expectEqual(try still(true), try still(false), "of one budget")
    }

    /// As on a GPU, where rows are not picked.
    @Test(arguments: Family.allCases, [TrainingPhase.distillation, .gatePretraining])
    func paddingWithoutWeightIsPaddingLeftOut(family: Family, phase: TrainingPhase) throws {
        let picked = try gradients(family, phase) { _ in }
        expectEqual(try gradients(family, phase, looksFreely: false) { _ in }, picked, "weights")
        let parts = try gradients(family, phase, looksFreely: false) {
            $0.distillation.optimisation.microBatchSize = 3
            $0.gatePretraining.optimisation.microBatchSize = 3
        }
        expectEqual(parts, picked, "weights in parts")
    }

    /// Nothing of a step outlives it but its batch.
    @Test(arguments: Family.allCases, TrainingPhase.allCases)
    func stepsLeaveNoTensors(family: Family, phase: TrainingPhase) throws {
        var options = ConversionOptions()
        for path: WritableKeyPath<ConversionOptions, ConversionOptions.Optimisation> in [
            \.distillation.optimisation, \.gatePretraining.optimisation, \.finetuning.optimisation,
        ] {
            options[keyPath: path].batchSize = 4
            options[keyPath: path].steps = 6
        }
        let folder = goldens.appendingPathComponent(family.rawValue)
        let model = try AdaptiveModel.convert(
            ModelFolder.load(folder), options.surgery, calibration: [family.dataset.batch([0, 1]).inputs])
        let training = try PhaseTraining(
            phase, model: model, teacher: .load(folder), options, family.dataset, .cpu,
            loading: LoadingOptions(workers: 0))
        var counts: [Int] = []
        for step in 0..<6 {
            _ = try training.step(step, readsValues: false)
            counts.append(try Runtime.liveTensorCount())
        }
        #expect(counts[5] <= counts[2], "\(counts)")
    }

    /// As on a GPU, where a loss that is not finite is noticed at the next look: until then nothing moves.
    @Test func aSpoiltStepMovesNothingAndIsNamedLater() throws {
        var options = ConversionOptions()
        options.distillation.optimisation.steps = 9
        options.distillation.optimisation.batchSize = 4
        options.distillation.optimisation.learningRate = 1e30
        options.recipe = .paper
        let folder = goldens.appendingPathComponent("bert")
        let model = try AdaptiveModel.convert(ModelFolder.load(folder), options.surgery, calibration: [])
        let training = try PhaseTraining(
            .distillation, model: model, teacher: .load(folder), options, RandomTokens(vocabulary: 101), .cpu,
            loading: LoadingOptions(workers: 0))
        training.looksFreely = false
        func weights() throws -> [[Float]] {
            try model.modules.map { try $0.module.learners.w1.array(of: Float.self) }
        }
        let before = try weights()
        _ = try training.step(0, readsValues: false)
        let moved = try weights()
        #expect(moved != before && moved.allSatisfy { $0.allSatisfy(\.isFinite) })
        for step in 1...3 { _ = try training.step(step, readsValues: false) }
        #expect(try weights() == moved)
        #expect(throws: ConversionError.notFinite(phase: "distillation", step: 1)) {
            try training.step(4, readsValues: true)
        }
    }

    @Test(arguments: Family.allCases) func blocksThatRunAgainGiveTheSameGradients(family: Family) throws {
        let plain = try gradients(family, .finetuning) { _ in }
        let again = try gradients(family, .finetuning) { $0.finetuning.recomputesBlocks = true }
        expectEqual(again, plain, "recomputed")
        let both = try gradients(family, .finetuning) {
            $0.finetuning.recomputesBlocks = true
            $0.finetuning.optimisation.microBatchSize = 4
        }
        expectEqual(both, plain, "recomputed in parts")
    }

    /// Noise that were not drawn again would give other choices; other seeds do.
    @Test func choicesDependOnTheNoise() throws {
        let dense = try ModelFolder.load(goldens.appendingPathComponent("vit_classifier"))
        let model = try AdaptiveModel.convert(dense, SurgeryOptions(recipe: .paper), calibration: [])
        let inputs = ModelInputs(
            try SafetensorsFile(goldens.appendingPathComponent("vit_classifier/inputs.safetensors")).tensors()
        )
        let rows = BatchRows(places: Array(0..<inputs.sampleCount), count: inputs.sampleCount)
        func choices(_ seed: UInt64) throws -> [[Int]] {
            let pass = AdaptivePass(
                mode: .training(temperature: 1), budget: 0.5, noise: .seeded(seed, rows))
            _ = try withoutGradients { try model(inputs, pass) }
            return try pass.trace.map { try $0.choices.flattened().array(of: Int.self) }
        }
        #expect(try choices(5) == choices(5) && choices(5) != choices(6))
    }

    /// Images, whose blocks keep more than what goes in and out.
    @Test(arguments: ["vit_classifier", "dinov2"]) func recomputedBlocksTakeLessMemory(name: String) throws {
        let dense = try ModelFolder.load(goldens.appendingPathComponent(name))
        let model = try AdaptiveModel.convert(dense, SurgeryOptions(recipe: .paper), calibration: [])
        try model.network.setRequiresGradient(true)
        let sample = try SafetensorsFile(
            goldens.appendingPathComponent("\(name)/inputs.safetensors")
        ).tensor("pixel_values").slice(0..<1, axis: 0)
        let pixels = try Tensor.concatenated(Array(repeating: sample, count: 64))
        func run(_ recomputes: Bool) throws -> (bytes: Int, gradient: [Double]) {
            let before = try #require(Runtime.allocatedBytes)
            let pass = AdaptivePass(
                mode: .training(temperature: 1), budget: 0.5,
                noise: .seeded(5, BatchRows(places: Array(0..<64), count: 64)))
            pass.recomputesBlocks = recomputes
            let outputs = try model(ModelInputs(["pixel_values": pixels]), pass)
            let oneHots = try pass.trace.compactMap { try $0.learnerCounts()?.mean() }
            #expect(oneHots.count == model.modules.count)
            let output = try #require(outputs.tensors.first?.tensor)
            let loss = try output.square().sum() + Tensor.stacked(oneHots).sum()
            let bytes = try #require(Runtime.allocatedBytes) - before
            let parameters = model.network.namedParameters().map(\.tensor)
            for parameter in parameters { try parameter.clearGradient() }
            try loss.backward()
            return (bytes, try parameters.flatMap { try $0.gradient?.array(of: Double.self) ?? [] })
        }
        _ = try run(false)
        let handles = try Runtime.liveTensorCount()
        let (plain, spared) = (try run(false), try run(true))
        #expect(spared.bytes * 2 < plain.bytes, "\(spared.bytes) and \(plain.bytes) bytes")
        let scale = plain.gradient.map(abs).max() ?? 0
        #expect(zip(plain.gradient, spared.gradient).allSatisfy { abs($0 - $1) <= 1e-5 * scale })
        // The blocks of the graph hold no pass that holds the graph.
        #expect(try Runtime.liveTensorCount() - handles < 20)
    }
}
