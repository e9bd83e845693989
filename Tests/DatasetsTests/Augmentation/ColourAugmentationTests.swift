import Foundation
import Testing
import Torch

@testable import Datasets

@Suite struct ColourAugmentationTests {
    func augmentation(
        _ change: (inout AugmentationOptions) -> Void = { _ in }, count: Int = 2000, epoch: Int = 0
    ) -> ColourAugmentation {
        var options = AugmentationOptions(enabled: true)
        change(&options)
        return ColourAugmentation(
            options, samples: Array(0..<count), Epoch(seed: 7, number: epoch))
    }

    @Test func exactlyOneFilterIsDrawn() {
        let filters = augmentation().filters
        let blurs = filters.compactMap { if case .blur(let deviation) = $0 { deviation } else { nil } }
        #expect(abs(filters.filter { $0 == .grayscale }.count - 667) < 80)
        #expect(abs(filters.filter { $0 == .solarisation }.count - 667) < 80)
        #expect(abs(blurs.count - 667) < 80 && blurs.allSatisfy { (0.1...2).contains($0) })
        #expect(abs(blurs.reduce(0, +) / Double(blurs.count) - 1.05) < 0.08)
        #expect(augmentation { $0.filters = false }.filters.allSatisfy { $0 == nil })
    }

    @Test func jittersHaveEveryQualityOnceInRandomOrder() {
        let jitters = augmentation().jitters
        #expect(jitters.allSatisfy { Set($0.map(\.quality)).count == 3 })
        #expect(Set(jitters.map { $0.map(\.quality.rawValue) }).count == 6)
        let factors = jitters.joined().map(\.factor)
        #expect(factors.allSatisfy { (0.7...1.3).contains($0) })
        #expect(abs(factors.reduce(0, +) / Double(factors.count) - 1) < 0.01)
        let none = augmentation { $0.colourJitter = 0 }
        #expect(none.jitters.allSatisfy { $0.isEmpty })
    }

    @Test func seedEpochAndSampleDecide() {
        #expect(augmentation().filters == augmentation().filters)
        #expect(augmentation().filters != augmentation(epoch: 1).filters)
        // Not the place in the batch.
        let options = AugmentationOptions(enabled: true)
        let alone = ColourAugmentation(options, samples: [5], Epoch(seed: 7, number: 0))
        #expect(alone.filters[0] == augmentation().filters[5])
        #expect(alone.jitters[0].map(\.factor) == augmentation().jitters[5].map(\.factor))
    }

    func apply(
        _ filters: [ColourAugmentation.Filter?],
        _ jitters: [[(quality: ColourAugmentation.Quality, factor: Double)]] = []
    ) throws -> Tensor {
        let augmentation = ColourAugmentation(filters: filters, jitters: jitters)
        let image = try golden("image")
        return try augmentation(image.unsqueezed(0).expanded([filters.count, -1, -1, -1]))
    }

    @Test func filtersAreThoseOfPillow() throws {
        let found = try apply([.grayscale, nil, .solarisation])
        #expect(try largestDifference(found.select(0, axis: 0), golden("grayscale")) < 0.6 / 255)
        #expect(try largestDifference(found.select(1, axis: 0), golden("image")) == 0)
        #expect(try largestDifference(found.select(2, axis: 0), golden("solarisation")) < 1e-6)
    }

    @Test(arguments: [
        (ColourAugmentation.Quality.brightness, "brightness"), (.contrast, "contrast"),
        (.saturation, "saturation"),
    ]) func jittersAreThoseOfPillow(quality: ColourAugmentation.Quality, name: String) throws {
        let found = try apply([nil, nil], [[(quality, 0.7)], [(quality, 1.3)]])
        for (index, factor) in ["0.7", "1.3"].enumerated() {
            let difference = try largestDifference(
                found.select(index, axis: 0), golden("\(name).\(factor)"))
            // Pillow rounds the gray values first.
            #expect(difference < 1.6 / 255)
        }
    }

    @Test func jittersFollowTheirOrder() throws {
        let found = try apply(
            [nil, nil], [[(.brightness, 1.3), (.contrast, 0.7)], [(.contrast, 0.7), (.brightness, 1.3)]])
        #expect(try largestDifference(found.select(0, axis: 0), found.select(1, axis: 0)) > 1e-3)
    }

    @Test func blursSpreadAPoint() throws {
        var levels = [Float](repeating: 0, count: 2 * 3 * 21 * 21)
        for channel in 0..<6 { levels[channel * 441 + 220] = 1 }
        let images = try Tensor(levels, shape: [2, 3, 21, 21])
        let found = try ColourAugmentation.blurred(images, [1, 2])
        // The weights of a Gaussian of deviation 1 and 2 in the middle, and a step to the side.
        func weight(_ deviation: Double, _ distance: Double) -> Double {
            let all = (-10...10).map { exp(-0.5 * pow(Double($0) / deviation, 2)) }.reduce(0, +)
            return exp(-0.5 * pow(distance / deviation, 2)) / all
        }
        let values = try found.array(of: Double.self)
        for (image, deviation) in [1.0, 2].enumerated() {
            let middle = weight(deviation, 0)
            #expect(abs(values[image * 3 * 441 + 220] - middle * middle) < 1e-6)
            #expect(abs(values[image * 3 * 441 + 221] - middle * weight(deviation, 1)) < 1e-6)
        }
        let flat = try Tensor.ones([1, 3, 9, 9])
        #expect(try largestDifference(ColourAugmentation.blurred(flat, [2]), flat) < 1e-6)
    }

    @Test func otherNumbersOfChannelsStay() throws {
        let images = try Tensor.uniform([2, 1, 4, 4])
        #expect(try largestDifference(augmentation(count: 2)(images), images) == 0)
    }
}
