import Foundation
import Testing
import Torch

@testable import Datasets

/// `[3, height, width]` in 0…1.
func golden(_ name: String) throws -> Tensor {
    try SafetensorsFile(goldens.appendingPathComponent("pixels.safetensors")).tensor(name).to(nil, .float32)
        / 255
}

func largestDifference(_ first: Tensor, _ second: Tensor) throws -> Double {
    try (first - second).absolute().maximum().item(Double.self)
}

@Suite struct ResamplingTests {
    static func boxes() throws -> [CropBox] {
        let rows = try SafetensorsFile(goldens.appendingPathComponent("pixels.safetensors")).tensor("boxes")
            .array(of: Int.self)
        return (0..<4).map { index in
            CropBox(
                top: rows[4 * index + 1], left: rows[4 * index], height: rows[4 * index + 3],
                width: rows[4 * index + 2])
        }
    }

    /// Pillow rounds between the axes; a level is 1/255.
    @Test func cropsAreThoseOfPillow() throws {
        let boxes = try Self.boxes()
        let images = try golden("image").unsqueezed(0).expanded([4, -1, -1, -1])
        let found = try Resampling(boxes: boxes, flips: [false, false, false, false], size: 16)(images)
            .clamped(to: 0...1)
        #expect(found.shape == [4, 3, 16, 16])
        for index in 0..<4 {
            let difference = try largestDifference(found.select(index, axis: 0), golden("crop.\(index)"))
            #expect(difference < 1.01 / 255, "box \(index)")
        }
    }

    @Test func aFlipMirrorsTheCrop() throws {
        let images = try golden("image").unsqueezed(0).expanded([4, -1, -1, -1])
        let boxes = try Self.boxes()
        let plain = try Resampling(boxes: boxes, flips: [false, false, false, false], size: 16)(images)
        let mixed = try Resampling(boxes: boxes, flips: [true, false, true, false], size: 16)(images)
        for index in 0..<4 {
            let row = try plain.select(index, axis: 0)
            let wanted = try index % 2 == 0 ? row.flipped(2) : row
            #expect(try largestDifference(mixed.select(index, axis: 0), wanted) < 1e-5)
        }
    }

    @Test func theWholeImageAtItsOwnSizeIsItself() throws {
        let images = try golden("image").slice(0..<30, axis: 2).unsqueezed(0)
        let box = CropBox(top: 0, left: 0, height: 30, width: 30)
        let found = try Resampling(boxes: [box], flips: [false], size: 30)(images)
        #expect(try largestDifference(found, images) < 1e-6)
    }
}

@Suite struct CropBoxTests {
    func draws(_ count: Int, height: Int, width: Int, _ options: AugmentationOptions = .init()) -> [CropBox] {
        (0..<count).map { sample in
            var generator = Epoch(seed: 1, number: 0).generator(sample: sample, .crop)
            return .random(height: height, width: width, options, &generator)
        }
    }

    @Test func cropsLieWithinTheirLimits() {
        let boxes = draws(4000, height: 200, width: 300)
        let areas = boxes.map { Double($0.height * $0.width) / 60000 }
        #expect(
            boxes.allSatisfy {
                $0.top >= 0 && $0.left >= 0 && $0.top + $0.height <= 200 && $0.left + $0.width <= 300
            })
        #expect(areas.allSatisfy { 0.075 < $0 && $0 <= 1 })
        #expect(boxes.allSatisfy { (0.7...1.4).contains(Double($0.width) / Double($0.height)) })
        // Areas are uniform but for large crops of shapes that do not fit.
        let small = Double(areas.filter { $0 < 0.31 }.count) / Double(areas.filter { $0 < 0.54 }.count)
        #expect(abs(small - 0.5) < 0.03)
        // The logarithm of the shape is even about zero, but for wide crops that fit more often.
        let mean = boxes.map { log(Double($0.width) / Double($0.height)) }.reduce(0, +) / 4000
        #expect(abs(mean) < 0.05)
        #expect(Set(boxes.map(\.left)).count > 100)
    }

    @Test func shapesThatNeverFitGiveTheMiddle() {
        #expect(
            draws(5, height: 1000, width: 10).allSatisfy {
                $0 == CropBox(top: 493, left: 0, height: 13, width: 10)
            })
        var options = AugmentationOptions()
        options.smallestCrop = 1
        options.narrowestCrop = 1
        #expect(
            draws(5, height: 10, width: 40, options)[0] == CropBox(top: 0, left: 15, height: 10, width: 10))
        #expect(draws(3, height: 1, width: 1)[0] == CropBox(top: 0, left: 0, height: 1, width: 1))
        #expect(CropBox.centreSquare(height: 5, width: 8) == CropBox(top: 0, left: 1, height: 5, width: 5))
    }
}
