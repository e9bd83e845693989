import Foundation
import Testing
import Torch

@testable import Preprocessing

@Suite struct ImageEncoderTests {
    private func photograph() throws -> Tensor {
        try ImageDecoder.decode(Goldens.images.appendingPathComponent("photograph.jpg"))
    }

    @Test func pngsKeepEveryLevel() throws {
        let image = try photograph()
        #expect(try largestDifference(ImageDecoder.decode(ImageEncoder.png(image), name: "a"), image) == 0)
        let grey = try image.slice(0..<1, axis: 0)
        let again = try ImageDecoder.decode(ImageEncoder.png(grey), name: "a")
        #expect(try largestDifference(again, grey.expanded([3, -1, -1])) == 0)
        let clear = try Tensor.concatenated([image, grey])
        #expect(try largestDifference(ImageDecoder.decode(ImageEncoder.png(clear), name: "a"), image) == 0)
    }

    /// The golden is Pillow's file, quality 75, of the same pixels.
    @Test func jpegsArePillows() throws {
        let image = try ImageDecoder.decode(Goldens.images.appendingPathComponent("lossless.webp"))
        let wanted = try ImageDecoder.decode(Goldens.images.appendingPathComponent("subsampling_420.jpg"))
        #expect(try largestDifference(ImageDecoder.decode(ImageEncoder.jpeg(image), name: "a"), wanted) == 0)
        let other = try ImageDecoder.decode(ImageEncoder.jpeg(image, quality: 74), name: "a")
        #expect(try largestDifference(other, wanted) > 0)
    }

    @Test func qualityCostsBytes() throws {
        let image = try photograph()
        let sizes = try [1, 30, 60, 80, 100].map { try ImageEncoder.jpeg(image, quality: $0).count }
        #expect(sizes == sizes.sorted() && sizes[0] < sizes[4] / 8)
        let grey = try ImageEncoder.jpeg(image.slice(0..<1, axis: 0))
        #expect(try ImageDecoder.decode(grey, name: "a").shape == image.shape)
    }

    @Test func anImageOfOnePixelIsAnImage() throws {
        let pixel = try Tensor([200, 100, 50] as [UInt8], shape: [3, 1, 1])
        #expect(try largestDifference(ImageDecoder.decode(ImageEncoder.png(pixel), name: "a"), pixel) == 0)
        #expect(try ImageDecoder.decode(ImageEncoder.jpeg(pixel), name: "a").shape == [3, 1, 1])
    }

    @Test func otherShapesAndQualitiesAreRefused() throws {
        let image = try photograph()
        #expect(try message { _ = try ImageEncoder.jpeg(image, quality: 0) }.contains("quality is 0"))
        #expect(try message { _ = try ImageEncoder.jpeg(image, quality: 101) }.contains("quality is 101"))
        for wrong in [
            try image.to(nil, .float32), try image.select(0, axis: 0), try Tensor.zeros([2, 4, 4], .uint8),
            try Tensor.zeros([3, 0, 4], .uint8),
        ] {
            #expect(throws: PreprocessingError.self) { try ImageEncoder.png(wrong) }
            #expect(throws: PreprocessingError.self) { try ImageEncoder.jpeg(wrong) }
        }
        #expect(throws: PreprocessingError.self) { try ImageEncoder.jpeg(Tensor.zeros([4, 2, 2], .uint8)) }
        #expect(throws: PreprocessingError.self) {
            try ImageEncoder.jpeg(Tensor.zeros([1, 1, 65_501], .uint8))
        }
    }
}
