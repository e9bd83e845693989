import AdaptiveComputation
import Datasets
import Foundation
import TestSupport
import Testing
import Torch
import Transformers

@testable import Evaluation

@Suite struct FeatureSetTests {
    /// Three clouds around the axes of four dimensions, and their names.
    func clouds(count: Int = 120, noise: Double = 0.3) throws -> FeatureSet {
        var generator = SplitMix64(seed: 5)
        let values = (0..<count).flatMap { index in
            (0..<4).map { Float(($0 == index % 3 ? 1 : 0) + noise * (generator.unit() - 0.5)) }
        }
        let features = try Tensor(values, shape: [count, 4])
        return try FeatureSet(
            features: features / features.norm(axes: [-1], keepDimension: true),
            labels: Tensor((0..<count).map { $0 % 3 }), names: (0..<count).map { "\($0).png" },
            classNames: ["a", "b", "c"])
    }

    @Test func separateCloudsAreTold() throws {
        let (training, test) = try clouds().split(testShare: 0.25)
        #expect(training.count + test.count == 120 && (15...45).contains(test.count))
        let result = try training.evaluate(on: test)
        #expect(result.neighbours.map(\.count) == [1, 20])
        #expect(result.neighbours.allSatisfy { $0.accuracy == 1 } && result.probeAccuracy == 1)
        #expect(result.majorityAccuracy < 0.6 && result.classCount == 3)
        #expect(result.json["neighbour_accuracy"]?["20"]?.doubleValue == 1)
        #expect(
            result.table.rows.map { $0[0] } == [
                "commonest class", "1 neighbour", "20 neighbours", "linear probe",
            ])
    }

    /// Labels that have nothing to do with the features are not told.
    @Test func noiseIsNotTold() throws {
        let set = try clouds(count: 300)
        var labels = (0..<300).map { $0 % 3 }
        var generator = SplitMix64(seed: 1)
        labels.shuffle(using: &generator)
        let shuffled = try FeatureSet(
            features: set.features, labels: Tensor(labels), names: set.names, classNames: set.classNames)
        let (training, test) = try shuffled.split(testShare: 0.3)
        let result = try training.evaluate(on: test)
        #expect(result.neighbours.allSatisfy { $0.accuracy < 0.6 } && result.probeAccuracy < 0.6)
    }

    @Test func filesComeBackAsTheyWere() throws {
        let folder = try TemporaryFolder()
        let set = try clouds(count: 7)
        try set.write(to: folder["f.safetensors"])
        let found = try FeatureSet(contentsOf: folder["f.safetensors"])
        #expect(found.names == set.names && found.classNames == set.classNames)
        #expect(try found.features.array(of: Float.self) == set.features.array(of: Float.self))
        #expect(try found.labels.array(of: Int.self) == set.labels.array(of: Int.self))
    }

    @Test func otherFilesAreRefused() throws {
        let folder = try TemporaryFolder()
        let features = ("features", try Tensor.zeros([2, 3]))
        func refusal(
            _ tensors: [(name: String, tensor: Tensor)], _ metadata: [String: String]
        ) throws -> String {
            try SafetensorsWriter.write(tensors, to: folder["f.safetensors"], metadata: metadata)
            let error = #expect(throws: (any Error).self) {
                try FeatureSet(contentsOf: folder["f.safetensors"])
            }
            return error?.localizedDescription ?? ""
        }
        let good = ["names": #"["a","b"]"#, "class_names": #"["x"]"#]
        let labels = ("labels", try Tensor([0, 1]))
        #expect(try refusal([features, labels], [:]).contains("metadata has no \"names\""))
        #expect(
            try refusal([features, labels], good.merging(["names": "[1]"]) { $1 }).contains("array of texts"))
        #expect(try refusal([features, labels], good).contains("labels must lie in 0...0, found 0...1"))
        #expect(try refusal([features, ("labels", Tensor([0]))], good).contains("labels must be int64 [2]"))
        #expect(try refusal([labels], good).contains("features"))
    }

    @Test func emptySidesAndOtherClassesAreRefused() throws {
        let set = try clouds(count: 6)
        let none = try set.subset([])
        #expect(throws: EvaluationError.tooFewSamples(needed: 1, found: 0)) { try set.evaluate(on: none) }
        #expect(throws: EvaluationError.tooFewSamples(needed: 1, found: 0)) { try none.evaluate(on: set) }
        let renamed = try FeatureSet(
            features: set.features, labels: set.labels, names: set.names, classNames: ["a", "b", "d"])
        #expect(throws: EvaluationError.self) { try set.evaluate(on: renamed) }
        // Twenty neighbours are more than there are.
        #expect(try set.evaluate(on: set).neighbours.map(\.count) == [1])
    }

    /// A golden DINOv2 over images of its own: rows follow the indices, in batches of any size.
    @Test func imagesAreCollected() throws {
        let goldens = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("Goldens")
        let model = try AdaptiveModel.load(goldens.appendingPathComponent("dinov2"))
        let folder = try TemporaryFolder()
        try Runtime.seed(1)
        try SafetensorsWriter.write(
            [
                ("images", (Tensor.uniform([5, 3, 20, 12]) * 255).to(nil, .uint8)),
                ("labels", Tensor([0, 1, 2, 1, 0])),
            ], to: folder["images.safetensors"])
        let dataset = try ImageTensorDataset(
            folder["images.safetensors"], mean: [0.5, 0.5, 0.5], deviation: [0.5, 0.5, 0.5])
        let names = (0..<5).map { "\($0)" }
        func collect(
            _ indices: [Int], _ size: Int, _ pooling: SampleEmbedding.Pooling = .standard
        ) throws -> FeatureSet {
            try .collect(
                model, dataset, names: names, indices: indices, pooling: pooling, batchSize: size)
        }
        let all = try collect(Array(0..<5), 2)
        #expect(all.features.shape == [5, 36] && all.classNames == ["0", "1", "2"])
        let some = try collect([4, 2], 32)
        #expect(some.names == ["4", "2"])
        #expect(try some.labels.array(of: Int.self) == [0, 2])
        let picked = try all.subset([4, 2])
        #expect(try (some.features - picked.features).absolute().maximum().item(Double.self) < 1e-5)
        let mean = try collect([4, 2], 32, .mean)
        #expect(try (some.features - mean.features).absolute().maximum().item(Double.self) > 1e-2)
    }
}
