import Testing
import Torch

@testable import Evaluation

@Suite struct HeatMapTests {
    /// Red, green, blue at a place of `[3, height, width]`.
    func pixel(_ image: Tensor, _ row: Int, _ column: Int) throws -> [UInt8] {
        try image.select(row, axis: 1).select(column, axis: 1).array()
    }

    @Test func eachPatchHasTheColourOfItsLoad() throws {
        // One class token, then 2 × 3 patches of 4 × 5 pixels; one row and column of pixels beyond them.
        let loads = try TokenLoads(
            budget: 0.5, tokens: (0..<7).map(String.init), loads: [1, 0, 0.1, 0.2, 0.3, 0.4, 0.5])
        let image = try Tensor.zeros([3, 9, 16], .uint8)
        let drawn = try ImageHeatMap.draw(image: image, loads: loads, patchSize: [4, 5])
        #expect(drawn.shape == [3, 8, 15 + 8 + 15] && drawn.dataType == .uint8)
        #expect(try pixel(drawn, 0, 0) == [0, 0, 0])
        #expect(try pixel(drawn, 3, 15) == [255, 255, 255])
        for patch in 0..<6 {
            let found = try pixel(drawn, 4 * (patch / 3) + 3, 23 + 5 * (patch % 3) + 4)
            let colour = ColourScale.colour(Double(patch) / 5).map { UInt8(Float($0) * Float(0.55)) }
            #expect(zip(found, colour).allSatisfy { abs(Int($0) - Int($1)) <= 1 }, "patch \(patch)")
        }
        #expect(throws: EvaluationError.self) {
            try ImageHeatMap.draw(image: image, loads: loads, patchSize: [2, 2])
        }
    }

    @Test func theWaveformHasItsFramesColours() throws {
        let samples = try Tensor([Float](repeating: 0.5, count: 600) + [Float](repeating: -1, count: 600))
        let loads = try TokenLoads(budget: 1, tokens: ["0", "1", "2"], loads: [0.2, 0.8, 0.4])
        let drawn = try WaveformHeatMap.draw(samples: samples, loads: loads, coveredSamples: 1800)
        #expect(drawn.shape == [3, 272, 1200])
        // The third frame lies beyond the samples, so the second is the brightest shown.
        #expect(try pixel(drawn, 271, 599) == ColourScale.colour(0.25))
        #expect(try pixel(drawn, 271, 600) == ColourScale.colour(1))
        // A wave of half the height above the middle, then a whole one below it.
        #expect(try pixel(drawn, 62, 10) == ColourScale.colour(0.25))
        #expect(try pixel(drawn, 130, 10) == [255, 255, 255])
        #expect(try pixel(drawn, 236, 900) == ColourScale.colour(1))
        #expect(throws: EvaluationError.self) {
            try WaveformHeatMap.draw(samples: .empty([0]), loads: loads, coveredSamples: 10)
        }
    }

    /// Cells of one shade beside each other in a row are one shape.
    @Test func blocksAreDrawnByShade() {
        let map = BlockLoadMap(block: BlockLoads(block: 2, loads: [0, 0, 1, 1, 0.5, .nan]), columns: 3).svg
        #expect(map.contains("viewBox=\"0 0 3 2\"") && map.contains("loads in block 2"))
        #expect(map.contains("fill=\"rgb(13 8 60)\" d=\"M0 0h2v1h-2zM2 1h1v1h-1z\""))
        #expect(map.contains("fill=\"rgb(248 231 125)\" d=\"M2 0h1v1h-1zM0 1h1v1h-1z\""))
        #expect(map.components(separatedBy: "<path").count == 4 && BalancedMarkup.problem(map) == nil)
        let long = (0..<1500).map { Double($0 / 750) }
        let row = BlockLoadMap(block: BlockLoads(block: 0, loads: long), columns: 1500).svg
        #expect(row.contains("viewBox=\"0 0 240 1\""))
        #expect(row.contains("M0 0h120v1h-120z") && row.contains("M120 0h120v1h-120z"))
    }

    @Test func coloursGetBrighterEvenly() {
        let brightness = (0...12).map { step in
            let colour = ColourScale.colour(Double(step) / 12).map(Double.init)
            return 0.299 * colour[0] + 0.587 * colour[1] + 0.114 * colour[2]
        }
        #expect(zip(brightness, brightness.dropFirst()).allSatisfy { $0 < $1 })
        #expect(
            ColourScale.colour(-1) == ColourScale.colour(0)
                && ColourScale.colour(.nan) == ColourScale.colour(0))
        #expect(ColourScale.colour(7) == ColourScale.colour(1))
    }
}
