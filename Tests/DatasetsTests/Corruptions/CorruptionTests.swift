import Foundation
import Testing
import Torch

@testable import Datasets

@Suite struct CorruptionTests {
    static let random = Set(Corruption.allCases).subtracting(CorruptionReferenceTests.fixed)

    /// `[2, 3, height, width]` uint8: parts of two of the reference images.
    func images(height: Int = 96, width: Int = 64) throws -> Tensor {
        try ReferenceImages.images().slice(0..<2, axis: 0).slice(50..<50 + height, axis: 2)
            .slice(50..<50 + width, axis: 3)
    }

    func difference(_ first: Tensor, _ second: Tensor) throws -> Double {
        try (first.to(nil, .float32) - second.to(nil, .float32)).absolute().mean().item(Double.self)
    }

    @Test func namesAreThoseOfTheFolders() {
        #expect(Corruption.allCases.count == 15)
        #expect(Corruption(rawValue: "jpeg_compression") == .jpegCompression)
        #expect(Corruption.allCases.map(\.rawValue).joined().allSatisfy { $0.isLowercase || $0 == "_" })
    }

    @Test(arguments: Corruption.allCases) func oneSeedGivesOneResult(_ corruption: Corruption) throws {
        let images = try images()
        let first = try corruption.apply(images, severity: 3, seed: 1)
        #expect(first.shape == images.shape && first.dataType == .uint8)
        #expect(try difference(first, corruption.apply(images, severity: 3, seed: 1)) == 0)
        let other = try difference(first, corruption.apply(images, severity: 3, seed: 2))
        #expect((other > 0) == Self.random.contains(corruption), "\(corruption.rawValue): \(other)")
        #expect(try difference(images, first) > 1)
    }

    /// What an image becomes does not depend on those beside it.
    @Test(arguments: Corruption.allCases) func imagesAreIndependent(_ corruption: Corruption) throws {
        let images = try images()
        let together = try corruption.apply(images, severity: 2, seeds: [5, 6])
        let alone = try corruption.apply(images.slice(1..<2, axis: 0), severity: 2, seeds: [6])
        // A matrix product of other size may round otherwise: one level at few places.
        #expect(try difference(together.slice(1..<2, axis: 0), alone) < 0.002)
    }

    @Test(arguments: Corruption.allCases) func awkwardSizesPass(_ corruption: Corruption) throws {
        for (height, width) in [(32, 32), (37, 90), (161, 32)] {
            let images = try images(height: height, width: width)
            for severity in [1, 5] {
                let found = try corruption.apply(images, severity: severity, seed: 4)
                #expect(found.shape == images.shape)
                #expect(try difference(images, found) > 0.5, "\(corruption.rawValue) \(height) \(width)")
            }
        }
    }

    /// Flat images: what only moves, averages or compresses pixels leaves them as they are.
    @Test(arguments: [
        Corruption.defocusBlur, .glassBlur, .motionBlur, .zoomBlur, .elasticTransform, .pixelate,
        .jpegCompression, .contrast,
    ]) func flatImagesStayFlat(_ corruption: Corruption) throws {
        for level in [0.0, 1, 100, 254, 255] {
            let images = try Tensor.full([1, 3, 40, 56], level, .uint8)
            for severity in Corruption.severities {
                let found = try corruption.apply(images, severity: severity, seed: 9)
                let largest = try (found.to(nil, .float32) - level).absolute().maximum().item(Double.self)
                // JPEG quantises the mean colour of a block too; the weights of the reference's disk of
                // radius 8 have a sum a little below one.
                let limit = corruption == .jpegCompression ? 6.0 : corruption == .defocusBlur ? 1 : 0
                #expect(largest <= limit, "\(severity) at \(level)")
            }
        }
    }

    @Test func extremesOfShotNoise() throws {
        let black = try Tensor.zeros([1, 3, 32, 32], .uint8)
        #expect(try difference(Corruption.shotNoise.apply(black, severity: 5, seed: 1), black) == 0)
        // Three photons on average: fewer than three with probability exp(-3) (1 + 3 + 9/2).
        let white = try Tensor.full([1, 3, 256, 256], 255, .uint8)
        let found = try Corruption.shotNoise.apply(white, severity: 5, seed: 1)
        let values = try found.to(nil, .int64).flattened().countBins(256).array(of: Int.self)
        #expect(values.indices.filter { values[$0] > 0 } == [0, 85, 170, 255])
        let share = Double(values[0] + values[85] + values[170]) / Double(3 * 256 * 256)
        #expect(abs(share - exp(-3) * 8.5) < 0.005)
    }

    @Test func impulsesFallEvenly() throws {
        let grey = try Tensor.full([1, 3, 256, 256], 100, .uint8)
        let values = try Corruption.impulseNoise.apply(grey, severity: 5, seed: 1).to(nil, .int64).flattened()
            .countBins(256).array(of: Int.self)
        #expect(values[0] + values[100] + values[255] == 3 * 256 * 256)
        #expect(abs(Double(values[0]) / (3 * 256 * 256) - 0.135) < 0.005)
        #expect(abs(Double(values[255]) / (3 * 256 * 256) - 0.135) < 0.005)
    }

    @Test func wrongInputIsRefused() throws {
        let images = try images()
        func refusal(_ images: Tensor, severity: Int = 1, seeds: [UInt64] = [0, 1]) throws -> String {
            try #require(
                throws: DatasetError.self,
                performing: { try Corruption.fog.apply(images, severity: severity, seeds: seeds) }
            ).localizedDescription
        }
        for severity in [0, 6, -1] {
            #expect(try refusal(images, severity: severity).contains("severities 1 to 5, found \(severity)"))
        }
        #expect(try refusal(images.to(nil, .float32)).contains("found [2, 3, 96, 64] of float32"))
        #expect(try refusal(images.select(0, axis: 0)).contains("found [3, 96, 64] of uint8"))
        #expect(try refusal(images.slice(0..<1, axis: 1)).contains("found [2, 1, 96, 64]"))
        #expect(try refusal(images.slice(0..<31, axis: 3)).contains("at least 32 × 32 pixels"))
        #expect(try refusal(images, seeds: [1]).contains("a seed for each image, found 1 for 2"))
    }

    @Test func noImagesStayNone() throws {
        #expect(
            try Corruption.snow.apply(.zeros([0, 3, 32, 32], .uint8), severity: 1, seed: 0).shape[0] == 0)
    }
}
