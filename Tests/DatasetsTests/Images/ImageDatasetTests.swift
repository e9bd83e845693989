import Foundation
import Preprocessing
import TestSupport
import Testing
import Torch

@testable import Datasets

@Suite struct ImageDatasetTests {
    let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
        for (name, level, height, width) in [
            ("a/0.png", 0, 8, 8), ("a/1.png", 51, 16, 8), ("b/2.png", 255, 5, 9),
        ] {
            try folder.put("data/\(name)", picture(level, height: height, width: width))
        }
    }

    func dataset(_ badSamples: BadSamples = BadSamples(), size: Int = 8) throws -> ImageDataset {
        try ImageDataset(
            ImageFolder.files(folder["data"]), ImagePreparation(size: size), badSamples: badSamples)
    }

    @Test func imagesAreDecodedToOneSize() throws {
        let data = try dataset()
        #expect(data.count == 3 && data.classNames == ["a", "b"] && data.lengths == nil)
        let batch = try data.batch([2, 0, 1])
        let pixels = try batch.inputs.required("pixel_values")
        #expect(pixels.shape == [3, 3, 8, 8] && pixels.dataType == .float32)
        let means = try pixels.mean(axes: [1, 2, 3]).array(of: Double.self)
        for (mean, wanted) in zip(means, [1, -1, -0.6]) { #expect(abs(mean - wanted) < 1e-6) }
        #expect(try #require(batch.labels).array(of: Int.self) == [1, 0, 0] && batch.indices == [2, 0, 1])
    }

    /// A bright column in the middle of a wide image stays, one at its end is cut off.
    @Test func theMiddleIsKept() throws {
        func level(column: Int) throws -> Double {
            var levels = [UInt8](repeating: 0, count: 3 * 8 * 16)
            for row in 0..<24 { levels[row * 16 + column] = 255 }
            try folder.put("wide/x.png", ImageEncoder.png(Tensor(levels, shape: [3, 8, 16])))
            let data = try ImageDataset(ImageFolder.files(folder["wide"]), ImagePreparation(size: 8))
            return try data.batch([0]).inputs.required("pixel_values").maximum().item()
        }
        #expect(try level(column: 7) == 1)
        #expect(try level(column: 2) == -1)
    }

    @Test func brokenImagesStopOrAreLeftOut() throws {
        try folder.put("data/a/bad.png", picture(9).dropLast(20))
        try folder.put("data/a/empty.jpg", Data())
        try folder.put("data/b/text.gif", "no image")
        let error = try #require(throws: DatasetError.self) { try dataset().batch([0, 1, 2]) }
        #expect(error.localizedDescription.contains("a/bad.png"), "\(error.localizedDescription)")
        let badSamples = BadSamples(areSkipped: true)
        let data = try dataset(badSamples)
        let batch = try data.batch([5, 2, 1, 0, 3, 4])
        #expect(batch.indices == [1, 0, 4])
        #expect(try batch.inputs.required("pixel_values").shape[0] == 3)
        #expect(try #require(batch.labels).array(of: Int.self) == [0, 0, 1])
        #expect(badSamples.entries.count == 3)
        #expect(throws: DatasetError.self) { try data.batch([2, 3]) }
        let loader = try BatchLoader(data, .inOrder([[2, 3], [0]]), options: LoadingOptions(workers: 2))
        #expect(try loader.next()?.indices == [0])
        #expect(try loader.next() == nil)
    }

    func augmented(_ workers: Int, epoch: Int = 0, mixes: Bool = true) throws -> (Tensor, Tensor?) {
        let data = try dataset().augmented(AugmentationOptions(enabled: true), mixes: mixes)
        let plan = BatchPlan { number in
            number == 0 ? .init(indices: [0, 1, 2], epoch: Epoch(seed: 1, number: epoch)) : nil
        }
        let loader = try BatchLoader(data, plan, options: LoadingOptions(workers: workers))
        let next = try loader.next()
        let batch = try #require(next)
        return (try batch.inputs.required("pixel_values"), batch.labels)
    }

    @Test func augmentationFollowsTheEpoch() throws {
        let first = try augmented(0)
        #expect(try largestDifference(first.0, augmented(3).0) == 0)
        #expect(try largestDifference(first.0, augmented(3, epoch: 1).0) > 0.01)
        let labels = try #require(first.1)
        #expect(labels.shape == [3, 2])
        let sums = try labels.sum(axis: 1).array(of: Double.self)
        #expect(sums.allSatisfy { abs($0 - 1) < 1e-6 })
        #expect(try augmented(1, mixes: false).1?.array(of: Int.self) == [0, 0, 1])
        // As for evaluation: no epoch, no change.
        let data = try dataset().augmented(AugmentationOptions(enabled: true), mixes: true)
        #expect(
            try largestDifference(
                data.batch([0]).inputs.required("pixel_values"),
                dataset().batch([0]).inputs.required("pixel_values")) == 0)
    }

    @Test func shardsOfImages() throws {
        try folder.put(
            "s.tar",
            tarArchive([
                ("0.png", picture(51)), ("0.cls", Data("1".utf8)), ("1.png", picture(0)),
                ("1.cls", Data("0".utf8)),
                ("2.png", picture(0).prefix(30)), ("2.cls", Data("0".utf8)),
            ]))
        let badSamples = BadSamples(areSkipped: true)
        let data = try ImageDataset(
            TarShards([folder["s.tar"]], badSamples: badSamples), ImagePreparation(size: 4),
            badSamples: badSamples)
        let batch = try data.batch([1, 2, 0])
        #expect(batch.indices == [1, 0])
        #expect(try #require(batch.labels).array(of: Int.self) == [0, 1])
        let means = try batch.inputs.required("pixel_values").mean(axes: [1, 2, 3]).array(of: Double.self)
        #expect(abs(means[0] + 1) < 1e-6 && abs(means[1] + 0.6) < 1e-6)
        #expect(badSamples.entries.map(\.place).first?.hasSuffix("s.tar, 2") == true)
    }

    @Test func processorsAreFollowed() throws {
        try folder.put(
            "model/preprocessor_config.json",
            #"{"image_processor_type": "ViTImageProcessor", "size": {"height": 6, "width": 6}, "image_mean": [0, 0, 0], "image_std": [0.5, 0.5, 0.5]}"#
        )
        try folder.put("model/config.json", #"{"architectures": ["ViTModel"], "image_size": 4}"#)
        for transform in ImageTransform.allCases {
            let data = try ImageDataset(
                ImageFolder.files(folder["data"]),
                ImagePreparation(modelFolder: folder["model"], transform: transform))
            let pixels = try data.batch([1, 2]).inputs.required("pixel_values")
            #expect(pixels.shape == [2, 3, 6, 6])
            let means = try pixels.mean(axes: [1, 2, 3]).array(of: Double.self)
            #expect(abs(means[0] - 0.4) < 1e-6 && abs(means[1] - 2) < 1e-6)
        }
        try FileManager.default.removeItem(at: folder["model/preprocessor_config.json"])
        #expect(try ImagePreparation(modelFolder: folder["model"]).size == 4)
        try folder.put("model/config.json", #"{"architectures": ["BertModel"]}"#)
        #expect(throws: FileError.self) { try ImagePreparation(modelFolder: folder["model"]) }
    }
}
