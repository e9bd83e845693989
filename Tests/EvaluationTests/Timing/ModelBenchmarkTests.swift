import AdaptiveComputation
import Datasets
import Foundation
import Testing
import Torch
import Transformers

@testable import Evaluation

/// Takes two joules for whatever work, which it counts.
private final class CountingMeter: EnergyMeter, @unchecked Sendable {
    let name = "two joules"
    private(set) var count = 0

    func joules(during work: () throws -> Void) throws -> Double {
        try work()
        count += 1
        return 2
    }
}

/// Nine numbers in place of samples, the first the longest.
private struct Falling: Dataset {
    let count = 9
    let classNames: [String]? = nil
    var lengths: [Int]? { (0..<count).reversed() }

    func batch(_ indices: [Int]) throws -> Batch {
        Batch(inputs: ModelInputs(["x": try Tensor(indices)]), labels: nil, indices: indices)
    }
}

@Suite struct ModelBenchmarkTests {
    private static let goldens = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("Goldens")

    private let dense: AdaptiveModel
    private let adaptive: AdaptiveModel

    init() throws {
        let network = try ModelFolder.load(Self.goldens.appendingPathComponent("bert"))
        let inputs = try SafetensorsFile(Self.goldens.appendingPathComponent("bert/inputs.safetensors"))
        dense = AdaptiveModel(dense: network)
        adaptive = try .convert(network, SurgeryOptions(), calibration: [ModelInputs(inputs.tensors())])
    }

    @Test func rowsTellModelsBudgetsAndEnergy() throws {
        let meter = CountingMeter()
        var benchmark = ModelBenchmark([dense, adaptive])
        benchmark.tokenCount = 5
        benchmark.repeatCount = 3
        benchmark.energy = meter
        benchmark.energySeconds = 0
        let rows = try benchmark.inference(batchSize: 4, budgets: [1, 0.5])
        #expect(rows.map(\.model) == [0, 1, 1])
        #expect(rows.map(\.budget) == [nil, 1, 0.5])
        #expect(rows[0].load == 1)
        #expect(rows.allSatisfy { $0.batchSize == 4 && $0.timing.milliseconds.count == 3 })
        // One run of four samples in the meter.
        #expect(meter.count == 3 && rows.allSatisfy { $0.joulesPerSample == 0.5 })
        benchmark.energy = nil
        #expect(try benchmark.training(batchSize: 1).map(\.joulesPerSample) == [nil, nil])
    }

    @Test func batchesLieEvenlyOverAllLengths() throws {
        var benchmark = ModelBenchmark([dense])
        func batches(of size: Int) throws -> [[Int]] {
            try benchmark.batches(of: Falling(), size).map { try $0.required("x").array(of: Int.self) }
        }
        #expect(try batches(of: 2) == [[8, 7], [6, 5], [4, 3], [2, 1]])
        benchmark.repeatCount = 2
        #expect(try batches(of: 2) == [[6, 5], [2, 1]])
        #expect(throws: EvaluationError.tooFewSamples(needed: 10, found: 9)) { try batches(of: 10) }
    }

    /// The scores of attention alone are 2 heads · 12² tokens · 4 bytes for each of 6000 samples.
    @Test func theMemoryOfALargeBatchIsNotThatOfASmallOne() throws {
        guard Runtime.resetPeakResidentBytes() else { return }
        var benchmark = ModelBenchmark([dense])
        benchmark.tokenCount = 12
        benchmark.repeatCount = 1
        let peaks = try [1, 6000, 1].map {
            try #require(try benchmark.inference(batchSize: $0, budgets: [])[0].peakMemoryBytes)
        }
        #expect(peaks[1] - peaks[0] > 8 << 20, "\(peaks)")
        #expect(peaks[1] - peaks[2] > 8 << 20, "\(peaks)")
    }

    @Test func keysOfARow() throws {
        let row = BenchmarkRow(
            model: 1, batchSize: 8, budget: nil, load: 1, timing: Timing((1...101).map(Double.init)),
            peakMemoryBytes: nil, joulesPerSample: 0.25)
        let json = row.json
        #expect(json["milliseconds"]?["median"]?.doubleValue == 51)
        #expect(json["milliseconds"]?["p99"]?.doubleValue == 100)
        #expect(json["budget"] == .null && json["peak_memory_bytes"] == .null)
        #expect(json["joules_per_sample"]?.doubleValue == 0.25 && json["model"] == 1)
    }

    /// Where there is no GPU, and where there is one.
    @Test func graphsAreOfCUDADevices() throws {
        var benchmark = ModelBenchmark([dense])
        benchmark.usesGraphs = true
        #expect(throws: TorchError.self) { try benchmark.inference(batchSize: 1, budgets: []) }
    }
}
