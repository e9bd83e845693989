import AdaptiveComputation
import Datasets
import Foundation
import Synchronization
import Testing
import Torch
import Transformers

@testable import Conversion

let goldens = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .appendingPathComponent("Goldens")

/// Random token ids of two lengths, with labels.
struct RandomTokens: Dataset {
    let count = 24
    let classNames: [String]? = (0..<5).map(String.init)
    let lengths: [Int]?
    private let ids: [[Int]]

    init(vocabulary: Int) {
        var random = SplitMix64(seed: 5)
        ids = (0..<24).map { index in
            (0..<(index % 2 == 0 ? 5 : 8)).map { _ in Int.random(in: 1..<vocabulary, using: &random) }
        }
        lengths = ids.map(\.count)
    }

    func batch(_ indices: [Int]) throws -> Batch {
        let width = indices.map { ids[$0].count }.max() ?? 0
        let rows = indices.flatMap { ids[$0] + Array(repeating: 0, count: width - ids[$0].count) }
        let mask = indices.flatMap { index in (0..<width).map { $0 < ids[index].count ? 1 : 0 } }
        return Batch(
            inputs: ModelInputs([
                "input_ids": try Tensor(rows, shape: [indices.count, width]),
                "attention_mask": try Tensor(mask, shape: [indices.count, width]),
            ]), labels: try Tensor(indices.map { ids[$0][0] % 5 }))
    }
}

/// Noise of two lengths, with as many labels as the sample's number is odd or even.
struct RandomSpeech: Dataset {
    let count = 12
    let classNames: [String]? = nil
    let lengths: [Int]? = (0..<12).map { $0 % 2 == 0 ? 120 : 203 }

    func batch(_ indices: [Int]) throws -> Batch {
        let width = indices.map { lengths?[$0] ?? 0 }.max() ?? 0
        var random = SplitMix64(seed: 1)
        let rows = indices.flatMap { index in
            (0..<width).map { $0 < lengths?[index] ?? 0 ? Float(2 * random.unit() - 1) : 0 }
        }
        let mask = indices.flatMap { index in (0..<width).map { $0 < lengths?[index] ?? 0 ? 1 : 0 } }
        let labels = indices.flatMap { $0 % 2 == 0 ? [4 + $0 % 7, -100] : [4 + $0 % 7, 5] }
        return Batch(
            inputs: ModelInputs([
                "input_values": try Tensor(rows, shape: [indices.count, width]),
                "attention_mask": try Tensor(mask, shape: [indices.count, width]),
            ]), labels: try Tensor(labels, shape: [indices.count, 2]))
    }
}

/// The three phases on tiny checkpoints.
@Suite(.serialized) struct ConverterTests {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("acm-\(UUID().uuidString)")

    func options(_ steps: Int = 6) -> ConversionOptions {
        var options = ConversionOptions()
        options.distillation.optimisation.steps = steps
        options.distillation.optimisation.batchSize = 4
        options.gatePretraining.optimisation.steps = steps
        options.gatePretraining.optimisation.batchSize = 4
        options.finetuning.optimisation.steps = steps
        options.finetuning.optimisation.batchSize = 4
        options.calibrationBatches = 2
        options.checkpointSteps = 2
        return options
    }

    func converter(
        _ name: String, output: String, _ options: ConversionOptions,
        report: @escaping (TrainingReport) -> Void = { _ in }
    ) throws -> Converter {
        let model = goldens.appendingPathComponent(name)
        let vocabulary = try JSONObjectReader(contentsOf: model.appendingPathComponent("config.json"))
            .integer("vocab_size", in: 1...100_000)
        return Converter(
            modelFolder: model, output: folder.appendingPathComponent(output),
            dataset: RandomTokens(vocabulary: vocabulary), options: options, reportSteps: 1, report: report)
    }

    func weights(_ model: AdaptiveModel) throws -> [[Float]] {
        try model.network.namedParameters().map { try $0.tensor.array(of: Float.self) }
    }

    @Test(arguments: ["bert", "bert_classifier"]) func allPhasesRun(name: String) throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        var losses: [TrainingPhase: [Double]] = [:]
        var options = options(40)
        options.modules = .ofKinds(SlotKind.allCases)
        options.distillation.optimisation.learningRate = 1e-2
        let model = try converter(name, output: "run", options) { report in
            losses[report.phase, default: []].append(report.values[0].value)
        }.run()
        #expect(model.configuration?.phase == .finetuned)
        for phase in [TrainingPhase.distillation, .gatePretraining] {
            let values = try #require(losses[phase])
            #expect(values.suffix(5).reduce(0, +) < values.prefix(5).reduce(0, +), "\(phase)")
        }
        let loaded = try AdaptiveModel.load(folder.appendingPathComponent("run"))
        #expect(try weights(loaded) == weights(model))
        let checkpoint = folder.appendingPathComponent("run/checkpoint").path
        #expect(!FileManager.default.fileExists(atPath: checkpoint))
    }

    /// The uniform-width cut has no gates to train, no budgets to calibrate, and no choice.
    @Test func theUniformCutIsTrained() throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        var phases: Set<TrainingPhase> = []
        var options = options(3)
        options.uniformLearners = 5
        #expect(throws: ConversionError.self) { try options.validate() }
        options.uniformLearners = 2
        let model = try converter("bert_classifier", output: "run", options) { phases.insert($0.phase) }.run()
        #expect(phases == [.distillation, .finetuning])
        let alone = try converter("bert_classifier", output: "gates", options)
        #expect(throws: ConversionError.self) { try alone.run([.gatePretraining]) }
        #expect(try alone.estimate().phases.map(\.phase) == [.distillation, .finetuning])
        let loaded = try AdaptiveModel.load(folder.appendingPathComponent("run"))
        let configuration = try #require(loaded.configuration)
        #expect(configuration.modules.allSatisfy { $0.learnerCount == 2 && $0.minimumChoice == 2 })
        #expect(configuration.budgets.isEmpty && model.calibration == nil)
        try options.requireSurgery(of: configuration, folder: "run")
        options.uniformLearners = 3
        #expect(throws: ConversionError.self) { try options.requireSurgery(of: configuration, folder: "run") }
        options.uniformLearners = 0
        #expect(throws: ConversionError.self) { try options.requireSurgery(of: configuration, folder: "run") }
    }

    /// A recogniser learns from labels and teacher, with spans hidden; the same seed gives the same
    /// weights.
    @Test func speechIsConverted() throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        var options = options(3)
        options.modules = [.feedForward, .query]
        options.finetuning.hidesSpans = true
        options.finetuning.optimisation.learningRate = 1e-3
        func run(_ output: String, _ options: ConversionOptions) throws -> (AdaptiveModel, [Double]) {
            var losses: [Double] = []
            // The golden has a mask vector; its frames are few, so its spans must be short.
            let dense = folder.appendingPathComponent("dense")
            try AdaptiveModel.load(speechFolder()).save(to: dense, copyingFrom: nil)
            let converter = Converter(
                modelFolder: dense, output: folder.appendingPathComponent(output), dataset: RandomSpeech(),
                options: options, reportSteps: 1
            ) { if $0.phase == .finetuning { losses.append($0.values[0].value) } }
            return (try converter.run(), losses)
        }
        let (model, losses) = try run("one", options)
        #expect(model.configuration?.phase == .finetuned && losses.allSatisfy(\.isFinite))
        #expect(try weights(run("two", options).0) == weights(model))
        var whole = options
        whole.finetuning.hidesSpans = false
        #expect(try weights(run("three", whole).0) != weights(model))
    }

    /// A recogniser with a mask vector, and spans of two frames.
    func speechFolder() throws -> URL {
        let copy = folder.appendingPathComponent("speech")
        try FileManager.default.createDirectory(at: copy, withIntermediateDirectories: true)
        let golden = goldens.appendingPathComponent("wav2vec2_ctc")
        var tensors = try SafetensorsFile(golden.appendingPathComponent("model.safetensors")).tensors()
        tensors["wav2vec2.masked_spec_embed"] = try .ones([36])
        try SafetensorsWriter.write(
            tensors.map { ($0.key, $0.value) }, to: copy.appendingPathComponent("model.safetensors"))
        var json = try #require(
            try JSONValue(contentsOf: golden.appendingPathComponent("config.json")).objectValue)
        json["mask_time_prob"] = 0.3
        json["mask_time_length"] = 2
        try JSONValue.object(json).write(to: copy.appendingPathComponent("config.json"))
        return copy
    }

    @Test func spansAreHiddenInSpeechAlone() throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        var options = options(1)
        options.finetuning.hidesSpans = true
        let error = #expect(throws: ConversionError.self) {
            try converter("bert", output: "run", options).run()
        }
        #expect(error?.localizedDescription.contains("hidesSpans") == true)
    }

    /// At the start, not after phases I and II.
    @Test func aModelOfEmbeddingsNeedsTheDenseModelToLearnFrom() throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        var options = options(1)
        options.finetuning.distillationWeight = 0
        let error = #expect(throws: ConversionError.self) {
            try converter("bert", output: "run", options).run()
        }
        #expect(error?.localizedDescription.contains("distillationWeight must be above 0") == true)
        #expect(!FileManager.default.fileExists(atPath: folder.appendingPathComponent("run").path))
    }

    @Test func phasesOneByOneEqualAllAtOnce() throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        let whole = try converter("bert", output: "whole", options()).run()
        _ = try converter("bert", output: "one", options()).run([.distillation])
        let dense = goldens.appendingPathComponent("bert")
        var last: AdaptiveModel?
        for (from, to, phase) in [
            ("one", "two", TrainingPhase.gatePretraining), ("two", "three", .finetuning),
        ] {
            last = try Converter(
                modelFolder: folder.appendingPathComponent(from), output: folder.appendingPathComponent(to),
                dataset: converter("bert", output: to, options()).dataset, options: options()
            ).run([phase], teacherFolder: dense)
        }
        // Not bitwise: weights read from files lie at other addresses, which BLAS libraries notice.
        for (found, wanted) in try zip(weights(#require(last)), weights(whole)) {
            #expect(zip(found, wanted).allSatisfy { abs($0 - $1) < 1e-3 })
        }
    }

    struct Stop: Error {}

    /// Stopped between checkpoints, in each phase, the run ends with the same weights.
    @Test(arguments: TrainingPhase.allCases) func aStoppedRunEndsWithTheSameWeights(phase: TrainingPhase)
        throws
    {
        defer { try? FileManager.default.removeItem(at: folder) }
        let whole = try converter("bert_classifier", output: "whole", options()).run()
        // A dataset that fails stands for any interruption.
        let first = try converter("bert_classifier", output: "stopped", options())
        let failing = FailingDataset(
            base: first.dataset,
            failsAt: [.distillation: 7, .gatePretraining: 13, .finetuning: 19][phase] ?? 0)
        #expect(throws: Stop.self) {
            try Converter(
                modelFolder: first.modelFolder, output: first.output, dataset: failing, options: options()
            ).run()
        }
        #expect(
            FileManager.default.fileExists(
                atPath: first.output.appendingPathComponent("checkpoint/state.json").path))
        #expect(try weights(first.run()) == weights(whole))
    }

    /// Packed images with all augmentation, whose changes come from seed, epoch and sample alone.
    @Test func aStoppedRunOnAugmentedImagesEndsWithTheSameWeights() throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let file = folder.appendingPathComponent("images.safetensors")
        let images = try (Tensor.uniform([12, 3, 30, 30]) * 255).to(nil, .uint8)
        try SafetensorsWriter.write(
            [("images", images), ("labels", Tensor((0..<12).map { $0 % 5 }))], to: file)
        let dataset = try ImageTensorDataset(
            file, mean: [0.5, 0.5, 0.5], deviation: [0.5, 0.5, 0.5], size: 24, classCount: 5)
        var options = options(4)
        options.augmentation.enabled = true
        func converter(_ output: String, workers: Int, failsAt: Int = 0) -> Converter {
            Converter(
                modelFolder: goldens.appendingPathComponent("deit_classifier"),
                output: folder.appendingPathComponent(output),
                dataset: FailingImages(base: dataset, failsAt: failsAt), options: options,
                loading: LoadingOptions(workers: workers))
        }
        let whole = try converter("whole", workers: 0).run()
        #expect(throws: Stop.self) { try converter("stopped", workers: 2, failsAt: 10).run() }
        #expect(try weights(converter("stopped", workers: 3).run()) == weights(whole))
        options.augmentation.enabled = false
        #expect(try weights(converter("plain", workers: 0).run()) != weights(whole))
    }

    @Test func anUnfinishedRunWithOtherOptionsIsRefused() throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        let first = try converter("bert", output: "run", options())
        #expect(throws: Stop.self) {
            try Converter(
                modelFolder: first.modelFolder, output: first.output,
                dataset: FailingDataset(base: first.dataset, failsAt: 9), options: options()
            ).run()
        }
        var other = options()
        other.seed = 1
        #expect(throws: ConversionError.self) { try converter("bert", output: "run", other).run() }
    }

    @Test func anUnfinishedRunOnOtherDataIsRefused() throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        let first = try converter("bert", output: "run", options())
        #expect(throws: Stop.self) {
            try Converter(
                modelFolder: first.modelFolder, output: first.output,
                dataset: FailingDataset(base: first.dataset, failsAt: 9), options: options()
            ).run()
        }
        #expect(throws: ConversionError.otherRun(folder: first.output.relativePath)) {
            try Converter(
                modelFolder: first.modelFolder, output: first.output,
                dataset: SampleSubset(first.dataset, first: 20), options: options()
            ).run()
        }
    }

    @Test func gatesAreReportedAsTheyChooseAtInference() throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        var reports: [TrainingReport] = []
        let model = try converter("bert", output: "run", options(12)) { reports.append($0) }.run()
        let gates = reports.filter { $0.gates != nil }
        #expect(gates.map(\.phase) == [.gatePretraining, .gatePretraining, .finetuning, .finetuning])
        #expect(gates.map(\.step) == [10, 12, 10, 12])
        let last = try #require(gates.last?.gates)
        #expect(abs(last.budget - 0.575) < 1e-12)
        #expect(last.meter.modules.map(\.place) == model.modules.map(\.place))
        #expect(last.meter.modules.allSatisfy { $0.tokenCount == last.meter.modules[0].tokenCount })
        #expect(last.meter.modules[0].tokenCount > 0)
    }

    @Test func laterPhasesNeedAnAdaptiveModel() throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        #expect(throws: ConversionError.self) {
            try converter("bert", output: "run", options()).run([.gatePretraining])
        }
    }

    @Test func aLossThatIsNotFiniteStopsTheRun() throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        var options = options()
        options.distillation.optimisation.learningRate = 1e30
        options.distillation.optimisation.steps = 10
        #expect(throws: ConversionError.self) { try converter("bert", output: "run", options).run() }
    }

    @Test func emptyDataAndConvertedTeachersAreRefused() throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        _ = try converter("bert", output: "run", options(1)).run([.distillation])
        let converted = folder.appendingPathComponent("run")
        #expect(throws: ConversionError.self) {
            try Converter(
                modelFolder: converted, output: folder.appendingPathComponent("again"),
                dataset: RandomTokens(vocabulary: 10), options: options(1)
            ).run([.gatePretraining])
        }
    }
}

/// Throws at one of its batches.
final class FailingDataset: Dataset {
    private let base: any Dataset
    private let failsAt: Int
    private let calls = Mutex(0)

    init(base: any Dataset, failsAt: Int) {
        self.base = base
        self.failsAt = failsAt
    }

    var count: Int { base.count }
    var classNames: [String]? { base.classNames }
    var lengths: [Int]? { base.lengths }

    func batch(_ indices: [Int]) throws -> Batch {
        try count(one: base.batch(indices))
    }

    func load(_ indices: [Int], _ epoch: Epoch?) throws -> Batch {
        try count(one: base.load(indices, epoch))
    }

    private func count(one batch: @autoclosure () throws -> Batch) throws -> Batch {
        let call = calls.withLock { calls in
            calls += 1
            return calls
        }
        if call == failsAt { throw ConverterTests.Stop() }
        return try batch()
    }
}

/// Images of which one of the batches fails while training.
struct FailingImages: AugmentableDataset {
    var base: ImageTensorDataset
    let failsAt: Int
    private let calls = Calls()

    private final class Calls: Sendable {
        let count = Mutex(0)
    }

    init(base: ImageTensorDataset, failsAt: Int) {
        self.base = base
        self.failsAt = failsAt
    }

    var count: Int { base.count }
    var classNames: [String]? { base.classNames }
    var lengths: [Int]? { base.lengths }
    func batch(_ indices: [Int]) throws -> Batch { try base.batch(indices) }
    func finish(_ batch: Batch, _ epoch: Epoch?) throws -> Batch { try base.finish(batch, epoch) }

    func augmented(_ options: AugmentationOptions, mixes: Bool) -> FailingImages {
        var copy = self
        copy.base = base.augmented(options, mixes: mixes)
        return copy
    }

    func load(_ indices: [Int], _ epoch: Epoch?) throws -> Batch {
        let call = calls.count.withLock { count in
            count += 1
            return count
        }
        if call == failsAt { throw ConverterTests.Stop() }
        return try base.load(indices, epoch)
    }
}
