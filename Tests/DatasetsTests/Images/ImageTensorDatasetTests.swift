import Foundation
import TestSupport
import Testing
import Torch

@testable import Datasets

@Suite struct ImageTensorDatasetTests {
    let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
    }

    func dataset(
        _ images: Tensor, _ labels: Tensor? = nil, mean: [Double] = [0.5, 0.25],
        deviation: [Double] = [0.5, 0.125], classCount: Int? = nil
    ) throws -> ImageTensorDataset {
        let tensors = [("images", images)] + (labels.map { [("labels", $0)] } ?? [])
        let file = folder["images.safetensors"]
        try SafetensorsWriter.write(tensors, to: file)
        return try ImageTensorDataset(file, mean: mean, deviation: deviation, classCount: classCount)
    }

    /// Two channels of one row of two pixels.
    func images(_ count: Int = 2) throws -> Tensor {
        try Tensor((0..<count * 4).map { $0 * 51 % 256 }, shape: [count, 2, 1, 2]).to(nil, .uint8)
    }

    /// With all other changes off, what comes is what the corruptions give.
    @Test func imagesAreCorruptedByChance() throws {
        let shown = try Tensor.empty([3, 3, 32, 32]).fillUniformInPlace(0..<255).to(nil, .uint8)
        var options = AugmentationOptions(enabled: true)
        options.smallestCrop = 1
        options.narrowestCrop = 1
        options.flipProbability = 0
        options.filters = false
        options.colourJitter = 0
        let zero = [0.0, 0, 0]
        let epoch = Epoch(seed: 4, number: 1)
        func found() throws -> Tensor {
            let data = try dataset(shown, mean: zero, deviation: [1, 1, 1]).augmented(options, mixes: false)
            return try data.finish(data.load([0, 1, 2], epoch), epoch).inputs.required("pixel_values") * 255
        }
        #expect(try largestDifference(found(), shown.to(nil, .float32)) < 1e-3)
        options.corruptionProbability = 1
        options.largestSeverity = 2
        let seeds = (0..<3).map { sample in
            var generator = epoch.generator(sample: sample, .corruption)
            return generator.next()
        }
        let wanted = try Corruption.Augmentation(severities: 1...2)(shown, seeds: seeds).to(nil, .float32)
        #expect(try largestDifference(found(), wanted) < 1e-3)
        #expect(try largestDifference(found(), shown.to(nil, .float32)) > 5)
    }

    @Test func pixelsAreNormalisedByChannel() throws {
        let data = try dataset(images(), Tensor([3, 0]))
        #expect(data.count == 2 && data.lengths == nil && data.classNames == ["0", "1", "2", "3"])
        let batch = try data.batch([1, 0])
        let pixels = try batch.inputs.required("pixel_values")
        #expect(pixels.shape == [2, 2, 1, 2] && pixels.dataType == .float32)
        // 204 255 | 50 101 and 0 51 | 102 153
        let wanted: [Double] = [
            0.6, 1, (50 / 255.0 - 0.25) * 8, (101 / 255.0 - 0.25) * 8, -1, -0.6, 1.2, 2.8,
        ]
        for (found, wanted) in zip(try pixels.array(of: Double.self), wanted) {
            #expect(abs(found - wanted) < 1e-6)
        }
        #expect(try #require(batch.labels).array(of: Int.self) == [0, 3])
    }

    @Test func labelsMayBeAbsent() throws {
        let data = try dataset(images())
        #expect(try data.classNames == nil && data.batch([0]).labels == nil)
    }

    @Test func theModelDecidesTheNumberOfClasses() throws {
        #expect(try dataset(images(), Tensor([0, 1]), classCount: 7).classNames?.count == 7)
    }

    /// Grey images have one channel, which all channels of the model get.
    @Test func greyImages() throws {
        let grey = try Tensor([0, 255], shape: [1, 1, 1, 2]).to(nil, .uint8)
        let pixels = try dataset(grey).batch([0]).inputs.required("pixel_values")
        #expect(pixels.shape == [1, 2, 1, 2])
        #expect(try pixels.array(of: Double.self) == [-1, 1, -2, 6])
    }

    /// Labels count in the model's classes: by name, else by number.
    @Test func labelsAreMatchedToTheModelsClasses() throws {
        let file = folder["images.safetensors"]
        try SafetensorsWriter.write(
            [("images", images()), ("labels", Tensor([0, 1]))], to: file, metadata: ["classes": "cat\ndog"])
        func labels(_ classes: [String]) throws -> [Int]? {
            let data = try ImageTensorDataset(
                file, mean: [0.5, 0.5], deviation: [0.5, 0.5], modelClasses: classes)
            #expect(data.classNames == classes)
            return try data.batch([0, 1]).labels?.array(of: Int.self)
        }
        #expect(try labels(["cat", "dog"]) == [0, 1])
        #expect(try labels(["dog", "bird", "cat"]) == [2, 0])
        #expect(try labels(["0", "1"]) == [0, 1])
        let error = #expect(throws: DatasetError.self) { try labels(["cat", "bird", "fish"]) }
        #expect(error?.localizedDescription.contains("has 2 classes, the model has 3") == true)
    }

    func refusal(_ body: () throws -> ImageTensorDataset) throws -> String {
        let error = try #require(throws: DatasetError.self) { _ = try body() }
        #expect(error.localizedDescription.contains("images.safetensors"))
        return error.localizedDescription
    }

    @Test func wrongImagesAreRefused() throws {
        let pixels = "must hold \"images\" [count, channels, height, width] of uint8"
        #expect(try refusal { try dataset(images().to(nil, .float32)) }.contains(pixels))
        #expect(try refusal { try dataset(images().reshaped([4, 1, 2])) }.contains(pixels))
        #expect(
            try refusal {
                let file = folder["images.safetensors"]
                try SafetensorsWriter.write([("pixels", images())], to: file)
                return try ImageTensorDataset(file, mean: [], deviation: [])
            }.contains(pixels))
        #expect(try refusal { try dataset(.zeros([0, 2, 1, 2], .uint8)) }.contains("has no samples"))
        #expect(
            try refusal { try dataset(images(), mean: [0.5, 0.5, 0.5]) }
                .contains("images have 2 channels, the model's normalisation has 3"))
        #expect(throws: DatasetError.self) { try dataset(images(), deviation: [1]) }
    }

    @Test func wrongLabelsAreRefused() throws {
        let shape = "\"labels\" must be [2] of int64"
        #expect(try refusal { try dataset(images(), Tensor([0, 1, 2])) }.contains(shape))
        #expect(try refusal { try dataset(images(), Tensor([0, 1]).to(nil, .int32)) }.contains("of int32"))
        #expect(
            try refusal { try dataset(images(), Tensor([0, -1])) }.contains(
                "must lie in 0...9999999, found -1"))
        #expect(try refusal { try dataset(images(), Tensor([0, .max])) }.contains("must lie in 0...9999999"))
        #expect(
            try refusal { try dataset(images(), Tensor([1, 3]), classCount: 3) }
                .contains("labels must lie in 0...2, found 1...3"))
    }
}
