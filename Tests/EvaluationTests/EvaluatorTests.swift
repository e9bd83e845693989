import AdaptiveComputation
import Datasets
import Foundation
import Testing
import Torch
import Transformers

@testable import Evaluation

/// Sentences of random tokens and of different lengths.
private struct RandomTexts: Dataset {
    let count = 12
    let classNames: [String]? = ["even", "odd"]
    let lengths: [Int]? = (0..<12).map { 3 + ($0 * 5) % 7 }

    func batch(_ indices: [Int]) throws -> Batch {
        let rows = indices.map { index in (0..<(lengths?[index] ?? 0)).map { (index * 7 + $0 * 3) % 20 } }
        let width = rows.map(\.count).max() ?? 0
        return Batch(
            inputs: ModelInputs([
                "input_ids": try Tensor(
                    rows.flatMap { $0 + Array(repeating: 0, count: width - $0.count) },
                    shape: [rows.count, width]),
                "attention_mask": try Tensor(
                    rows.flatMap { row in (0..<width).map { $0 < row.count ? 1 : 0 } },
                    shape: [rows.count, width]),
            ]), labels: try Tensor(indices.map { $0 % 2 }))
    }
}

/// The same sentences, which cannot be read from some batch on.
private struct StoppingTexts: Dataset {
    struct Stopped: Error {}
    let base = RandomTexts()
    /// Number of the batch of three, in the order of the lengths.
    let stopAt: Int?
    var count: Int { base.count }
    var classNames: [String]? { base.classNames }
    var lengths: [Int]? { base.lengths }

    func batch(_ indices: [Int]) throws -> Batch {
        if let stopAt, batchesByLength(size: 3)[stopAt] == indices { throw Stopped() }
        return try base.batch(indices)
    }
}

/// Images of 8 × 12 pixels.
private struct RandomImages: Dataset {
    let count = 4
    let classNames: [String]? = nil
    let lengths: [Int]? = nil

    func batch(_ indices: [Int]) throws -> Batch {
        let values = indices.flatMap { index -> [Float] in
            (0..<3 * 8 * 12).map { place -> Float in Float((index * 5 + place) % 7) }
        }
        return Batch(
            inputs: ModelInputs(["pixel_values": try Tensor(values, shape: [indices.count, 3, 8, 12])]),
            labels: nil, indices: indices)
    }
}

@Suite struct EvaluatorTests {
    /// A DINOv2 of images of 16 × 16 and patches of 4 × 4 pixels gets smaller ones: what it costs is theirs.
    @Test func imagesOfAnotherSizeCostWhatTheyCost() throws {
        let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appendingPathComponent("Goldens/dinov2")
        let dense = AdaptiveModel(dense: try ModelFolder.load(folder))
        let result = try Evaluator(
            dense, dense: dense, dataset: RandomImages(), options: EvaluationOptions(timedRepeatCount: 0)
        ).evaluate(budgets: [1])
        #expect(result.meanTokenCount == 1 + 2 * 3)
        let cost = try ModelCost(dense, tokenCount: 7)
        #expect(result.denseMacs == cost.total() && cost.embedding == 6 * 4 * 4 * 3 * 36)
        #expect(try ModelCost(dense).embedding == 16 * 4 * 4 * 3 * 36)
    }

    private func network() throws -> BERTModel {
        let configuration: JSONValue = [
            "vocab_size": 20, "hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 2,
            "intermediate_size": 16, "max_position_embeddings": 16, "type_vocab_size": 1,
        ]
        let sizes = try BERTConfiguration(JSONObjectReader(configuration, source: "config.json"))
        let model = try BERTModel(
            configuration: configuration, sizes: sizes, hasPooler: false, classCount: nil)
        var generator = SplitMix64(seed: 1)
        for (_, tensor) in model.namedParameters() {
            let values = (0..<tensor.elementCount).map { _ in Float(generator.unit() - 0.5) }
            try tensor.copyInPlace(from: Tensor(values, shape: tensor.shape))
        }
        return model
    }

    @Test func aDenseModelAgreesWithItself() throws {
        let dense = AdaptiveModel(dense: try network())
        let evaluator = try Evaluator(
            dense, dense: dense, dataset: RandomTexts(),
            options: EvaluationOptions(batchSize: 5, timedRepeatCount: 2))
        let probe = try evaluator.fitProbe(on: RandomTexts())
        let result = try evaluator.evaluate(budgets: [0.5, 1], probe: probe)
        #expect(result.sampleCount == 12 && result.budgets.map(\.budget) == [0.5, 1])
        #expect(result.meanTokenCount == Double(RandomTexts().lengths?.reduce(0, +) ?? 0) / 12)
        for budget in result.budgets {
            #expect(abs(budget.meanCosine - 1) < 1e-5)
            #expect(budget.neighbourAgreement == 1 && budget.load == 1)
            #expect(abs(budget.macs - result.denseMacs) < 1e-6)
            #expect(budget.probeAccuracy == result.denseProbeAccuracy && budget.accuracy == nil)
            #expect((budget.millisecondsPerSample ?? 0) > 0)
        }
    }

    @Test func resultsDoNotDependOnTheBatchSize() throws {
        let dense = AdaptiveModel(dense: try network())
        let found = try [1, 5].map { size in
            try Evaluator(
                dense, dense: dense, dataset: RandomTexts(),
                options: EvaluationOptions(batchSize: size, timedRepeatCount: 0)
            ).evaluate(budgets: [1]).records
        }
        #expect(found[0]?.numbers == Array(0..<12) && found[0]?.tokenCounts == found[1]?.tokenCounts)
        for (one, five) in zip(
            found[0]?.runs[1].values[.cosine] ?? [], found[1]?.runs[1].values[.cosine] ?? [])
        {
            #expect(abs(one - five) < 1e-5)
        }
    }

    @Test func aStoppedEvaluationGoesOn() throws {
        let dense = AdaptiveModel(dense: try network())
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent(
            "\(UUID().uuidString)/parts")
        defer { try? FileManager.default.removeItem(at: folder.deletingLastPathComponent()) }
        func records(_ identity: String?, stopAt: Int? = nil) throws -> (SampleRecords?, [Int]) {
            var options = EvaluationOptions(batchSize: 3, timedRepeatCount: 0)
            options.parts = identity.map {
                EvaluationParts(folder, identity: $0, about: ["model": "some/model"])
            }
            options.partDuration = .zero
            var seen: [Int] = []
            options.report = { done, _ in seen.append(done) }
            let dataset = StoppingTexts(stopAt: stopAt)
            return (
                try Evaluator(dense, dense: dense, dataset: dataset, options: options)
                    .evaluate(budgets: [0.5]).records, seen
            )
        }
        let whole = try records(nil)
        #expect(whole.1 == [3, 6, 9, 12])
        #expect(throws: StoppingTexts.Stopped.self) { try records("same", stopAt: 3) }
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).count == 3)
        // What was found up to there can be shown.
        let report = try EvaluationReport(folder.deletingLastPathComponent())
        #expect(report.records?.numbers.count == 9 && report.runs.map(\.budget) == [nil, 0.5])
        #expect(report.name == "some/model")
        #expect(
            report.problems.first?.hasPrefix("The evaluation was stopped after 9 of 12 samples:") == true,
            "\(report.problems)")
        let page = ReportPage([report]).html
        #expect(BalancedMarkup.problem(page) == nil && page.contains("At budget 0.50 its embeddings have"))
        let rest = try records("same")
        #expect(rest.0 == whole.0 && rest.1 == [9, 12])
        // Parts of another evaluation are not taken up.
        #expect(try records("other").1 == [3, 6, 9, 12])
    }

    @Test func aBudgetBeyondOneIsRefused() throws {
        let dense = AdaptiveModel(dense: try network())
        let evaluator = try Evaluator(dense, dense: dense, dataset: RandomTexts())
        #expect(throws: EvaluationError.invalidBudget(1.5)) { try evaluator.evaluate(budgets: [1.5]) }
    }
}
