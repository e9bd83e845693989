import Foundation
import Preprocessing
import TestSupport
import Testing
import Torch

@testable import Datasets

@Suite struct CorruptedImageWriterTests {
    let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
    }

    /// Class folders with images of grey levels, one of them 80 × 60 pixels.
    func source(_ names: [String] = ["ant/1.png", "ant/2.png", "bee/1.png"]) throws -> SampleFiles {
        for (number, name) in names.enumerated() {
            let image = try Tensor.full([3, 80, 60], Double(40 * number + 50), .uint8)
            let url = folder["clean"].appendingPathComponent(name)
            try FileManager.default.createDirectory(
                at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
            try ImageEncoder.png(image).write(to: url)
        }
        return try ImageFolder.files(folder["clean"])
    }

    @Test func filesLieAsInImageNetC() throws {
        let writer = try CorruptedImageWriter(source(), to: folder["corrupted"], size: 40, format: .png)
        #expect(writer.fileCount([.contrast, .gaussianNoise], severities: [1, 4]) == 12)
        var progress: [Int] = []
        let seconds = try writer.write(
            [.contrast, .gaussianNoise], severities: [1, 4], seed: 5, progress: { progress.append($0) })
        #expect(progress == [3, 6, 9, 12])
        #expect(Set(seconds.keys) == [.contrast, .gaussianNoise])
        #expect(seconds.values.allSatisfy { $0 > 0 })

        let read = try #require(try CorruptedImages(folder["corrupted"]))
        #expect(
            try read.splits() == ["contrast/1", "contrast/4", "gaussian_noise/1", "gaussian_noise/4"])
        let noisy = try ImageFolder.files(read.folder(split: "gaussian_noise/4"))
        #expect(noisy.names == ["ant/1.png", "ant/2.png", "bee/1.png"] && noisy.labels == [0, 0, 1])
        // The third image's seed is the third of the run's.
        let found = try ImageDecoder.decode(noisy.url(of: 2)).unsqueezed(0)
        let wanted = try Corruption.gaussianNoise.apply(
            Tensor.full([1, 3, 40, 40], 130, .uint8), severity: 4,
            seeds: [Corruption.imageSeeds(5, count: 3)[2]])
        #expect(try found.equals(wanted).allTrue())
    }

    @Test func jpegIsTheFormatOfImageNetC() throws {
        let writer = try CorruptedImageWriter(source(["ant/a.b.PNG"]), to: folder["corrupted"], size: 32)
        _ = try writer.write([.brightness], severities: [2], seed: 0)
        let image = try ImageDecoder.decode(folder["corrupted/brightness/2/ant/a.b.jpg"])
        #expect(image.shape == [3, 32, 32])
        #expect(try abs(image.to(nil, .float32).mean().item(Double.self) - 101) < 1)
    }

    @Test func badImagesAreRefusedOrLeftOut() throws {
        _ = try source()
        try Data("not an image".utf8).write(to: folder["clean/bee/0.png"])
        let images = try ImageFolder.files(folder["clean"])
        let writer = try CorruptedImageWriter(images, to: folder["corrupted"], size: 40)
        let error = try #require(throws: DatasetError.self) {
            try writer.write([.fog], severities: [1], seed: 0)
        }
        #expect(error.localizedDescription.contains("clean/bee/0.png"))
        let badSamples = BadSamples(areSkipped: true)
        _ = try writer.write([.fog], severities: [1], seed: 0, badSamples: badSamples)
        #expect(badSamples.entries.map(\.place) == [images.place(of: 2)])
        #expect(
            try ImageFolder.files(folder["corrupted/fog/1"]).names == ["ant/1.jpg", "ant/2.jpg", "bee/1.jpg"])
    }

    @Test func wrongOptionsAreRefused() throws {
        func refusal(_ images: SampleFiles, size: Int = 32, shorterSide: Int? = nil) throws -> String {
            try #require(throws: DatasetError.self) {
                _ = try CorruptedImageWriter(images, to: folder["out"], size: size, shorterSide: shorterSide)
            }.localizedDescription
        }
        let images = try source()
        #expect(try refusal(images, size: 31).contains("found 31 and 35"))
        #expect(try refusal(images, size: 40, shorterSide: 39).contains("found 40 and 39"))
        let loose = SampleFiles(folder: folder["clean/ant"], names: ["1.png"])
        #expect(try refusal(loose).contains("must have a folder of images for each class"))
        let twice = SampleFiles(
            folder: folder.url, names: ["a/1.png", "a/1.webp"], labels: [0, 0], classNames: ["a"])
        #expect(try refusal(twice).contains("a/1.webp: would be written to the same file as a/1.png"))
    }
}
