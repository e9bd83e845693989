import Foundation
import Testing
import Torch

@testable import Preprocessing

/// Against transformers' Pillow-backed processors, and Pillow's own resizing.
@Suite struct ImageProcessorTests {
    static let names = [
        "bit_uncropped", "deit", "deit_padded", "dinov2", "vit", "vit_imagenet", "vit_lanczos", "vit_raw",
        "vit_unsized",
    ]

    @Test(arguments: names) func pixelValuesAreWithinOneLevel(name: String) throws {
        let folder = Goldens.imageProcessors.appendingPathComponent(name)
        let processor = try ImageProcessor(folder: folder)
        let configuration = processor.configuration
        let level =
            (configuration.rescaleFactor ?? 1)
            / (configuration.normalizes ? configuration.deviation.min()! : 1)
        for (file, wanted) in try Goldens.tensors(folder.appendingPathComponent("pixel_values.safetensors")) {
            let image = try ImageDecoder.decode(Goldens.images.appendingPathComponent(file))
            let found = try processor.process(image)
            #expect(found.dataType == .float32)
            let difference = try largestDifference(found, wanted)
            #expect(difference <= level * 1.0001, "\(file)")
            // Most pixels are the same to the last bits.
            let error = try (found - wanted).absolute().mean().item(Double.self)
            #expect(error < level / 20, "\(file) \(error / level)")
            if let size = configuration.outputSize { #expect(found.shape == [3, size.height, size.width]) }
            #expect(try largestDifference(processor.processBatch([image]).select(0, axis: 0), found) == 0)
        }
    }

    @Test(arguments: ImageInterpolation.allCases) func resizingIsPillows(by: ImageInterpolation) throws {
        let file = Goldens.images.appendingPathComponent("photograph.jpg")
        let photograph = try ImageDecoder.decode(file)
        let cropped = try photograph.slice(50..<75, axis: 1).slice(40..<60, axis: 2)
        let wanted = try Goldens.tensors(
            Goldens.imageProcessors.appendingPathComponent("resized.safetensors"))
        for size in ["smaller", "wider", "larger"] {
            let pixels = try #require(wanted["\(by).\(size)"])
            let source = size == "larger" ? cropped : photograph
            let found = try source.resized(height: pixels.shape[1], width: pixels.shape[2], by: by)
            #expect(try largestDifference(found, pixels) <= 1, "\(size)")
            let error = try (found.to(nil, .float32) - pixels.to(nil, .float32)).absolute().mean()
            // In the wrong order of rows and columns it would be 0.1 and more.
            #expect(try error.item(Double.self) < 0.03, "\(size)")
            // The order in memory does not matter.
            let same = try source.contiguous().resized(
                height: pixels.shape[1], width: pixels.shape[2], by: by)
            #expect(try largestDifference(found, same) == 0)
        }
    }

    @Test func theStagesAreTheWhole() throws {
        let processor = try ImageProcessor(folder: Goldens.imageProcessors.appendingPathComponent("dinov2"))
        let image = try ImageDecoder.decode(Goldens.images.appendingPathComponent("photograph.jpg"))
        let pixels = try processor.resized(image)
        #expect(pixels.shape == [3, 22, 22] && pixels.dataType == .uint8)
        #expect(try largestDifference(processor.normalized(pixels), processor.process(image)) == 0)
        let batch = try processor.normalized(Tensor.stacked([pixels, pixels]))
        #expect(batch.shape == [2, 3, 22, 22] && batch.isContiguous)
        #expect(try largestDifference(batch.select(1, axis: 0), processor.process(image)) == 0)
    }

    /// A batch of the shorter side's length but several sizes cannot be.
    @Test func imagesOfSeveralSizesMakeNoBatch() throws {
        let processor = try ImageProcessor(
            folder: Goldens.imageProcessors.appendingPathComponent("bit_uncropped"))
        let square = try Tensor.zeros([3, 30, 30], .uint8)
        let wide = try Tensor.zeros([3, 30, 60], .uint8)
        #expect(try processor.processBatch([square, square]).shape == [2, 3, 19, 19])
        #expect(try message { _ = try processor.processBatch([square, wide]) }.contains("[3, 19, 38]"))
    }

    @Test func otherTensorsAreRefused() throws {
        let processor = try ImageProcessor(ImageProcessorConfiguration(resizing: .shortestSide(4)))
        for wrong in [
            try Tensor.zeros([3, 4, 4]), try Tensor.zeros([1, 4, 4], .uint8),
            try Tensor.zeros([3, 4], .uint8),
            try Tensor.zeros([3, 0, 4], .uint8),
        ] {
            #expect(throws: PreprocessingError.self) { try processor.resized(wrong) }
        }
    }
}
