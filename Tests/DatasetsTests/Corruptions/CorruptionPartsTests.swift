import Foundation
import Testing
import Torch

@testable import Datasets

/// The parts that corruptions are made of, against plain loops and known values.
@Suite struct CorruptionPartsTests {
    @Test func streamsAreThoseOfSplitMix() throws {
        let seeds: [UInt64] = [0, 7, .max]
        var streams = try RandomStreams(seeds: seeds, device: .cpu)
        let found = try Tensor.concatenated([streams.bits(3), streams.bits(2)], axis: 1).array(of: Int.self)
        let wanted = seeds.flatMap { seed in
            var generator = SplitMix64(seed: seed)
            return (0..<5).map { _ in Int(bitPattern: UInt(generator.next())) }
        }
        #expect(found == wanted)
    }

    @Test func drawsHaveTheirDistributions() throws {
        var streams = try RandomStreams(seeds: [1, 2], device: .cpu)
        let uniform = try streams.uniform([3, 9001])
        #expect(uniform.shape == [2, 3, 9001])
        #expect(try uniform.minimum().item(Double.self) >= 0)
        #expect(try uniform.maximum().item(Double.self) < 1)
        #expect(try abs(uniform.mean().item(Double.self) - 0.5) < 0.005)
        let normal = try streams.normal([3, 9001])
        #expect(normal.shape == [2, 3, 9001])
        #expect(try abs(normal.mean().item(Double.self)) < 0.02)
        #expect(try abs(normal.square().mean().item(Double.self) - 1) < 0.03)
        #expect(try abs(normal.square().square().mean().item(Double.self) - 3) < 0.2)
        let neighbours = try normal.slice(0..<9000, axis: 2) * normal.slice(1..<9001, axis: 2)
        #expect(try abs(neighbours.mean().item(Double.self)) < 0.02)
    }

    /// Doubled pointers give what a loop over the pixels gives.
    @Test(arguments: [1, 2, 4]) func shuffleEqualsTheLoop(distance: Int) throws {
        let (height, width) = (37, 33)
        let count = height * width
        var generator = SplitMix64(seed: UInt64(distance))
        let steps = (0..<count).map { _ in
            (
                x: Int.random(in: -distance..<distance, using: &generator),
                y: Int.random(in: -distance..<distance, using: &generator)
            )
        }
        var image = Array(0..<count)
        for y in stride(from: height - distance, to: distance, by: -1) {
            for x in stride(from: width - distance, to: distance, by: -1) {
                let step = steps[y * width + x]
                image[y * width + x] = image[(y + step.y) * width + x + step.x]
            }
        }
        let shuffle = try GlassShuffle(height: height, width: width, distance: distance, device: .cpu)
        let origins = try shuffle.origins(Tensor(steps.map { $0.y * width + $0.x }, shape: [1, count]))
        #expect(try origins.array(of: Int.self) == image)
    }

    @Test func gaussianFilterHasItsWeights() throws {
        // σ 0.5, reach 4: two neighbours on each side, the edge repeated or mirrored.
        let raw = [1, exp(-2.0), exp(-8.0)]
        let sum = raw[0] + 2 * raw[1] + 2 * raw[2]
        let line = try Tensor([1, 0, 0, 0, 0] as [Float], shape: [1, 1, 1, 5])
        func blurred(_ border: ImageBorder) throws -> [Double] {
            try line.blurred(deviation: 0.5, border: border).array(of: Double.self)
        }
        let replicated = [raw[0] + raw[1] + raw[2], raw[1] + raw[2], raw[2], 0, 0].map { $0 / sum }
        let mirrored = [raw[0] + raw[1], raw[1] + raw[2], raw[2], 0, 0].map { $0 / sum }
        let reflected = [raw[0], raw[1], raw[2], 0, 0].map { $0 / sum }
        for (found, wanted) in try zip(
            blurred(.replicated) + blurred(.mirrored) + blurred(.reflected), replicated + mirrored + reflected
        ) {
            #expect(abs(found - wanted) < 1e-6)
        }
    }

    @Test func bordersContinueTheImage() {
        func line(_ border: ImageBorder) -> [Int] { (-4...7).map { border.index($0, size: 4) } }
        #expect(line(.replicated) == [0, 0, 0, 0, 0, 1, 2, 3, 3, 3, 3, 3])
        #expect(line(.reflected) == [2, 3, 2, 1, 0, 1, 2, 3, 2, 1, 0, 1])
        #expect(line(.mirrored) == [3, 2, 1, 0, 0, 1, 2, 3, 3, 2, 1, 0])
    }

    @Test func boxFilterTakesMeans() throws {
        let line = try Tensor([8, 4, 2, 6, 10] as [Float], shape: [1, 5])
        // The middle pixel's centre lies on the border: it counts to the left.
        let reduced = try AxisFilter.box(from: 5, to: 2).alongWidth(line).array(of: Double.self)
        #expect(abs(reduced[0] - 14 / 3.0) < 1e-6 && abs(reduced[1] - 8) < 1e-6)
        #expect(
            try AxisFilter.box(from: 5, to: 10).alongWidth(line).array(of: Double.self)
                == [8, 8, 4, 4, 2, 2, 6, 6, 10, 10])
    }

    @Test func planesMapTheirPoints() {
        let map = AffineMap(from: [(1, 2), (3, 5), (-2, 4)], to: [(0, 1), (2, 2), (-1, 7)])
        for (point, image) in [((1, 2), (0, 1)), ((3, 5), (2, 2)), ((-2, 4), (-1, 7))]
            as [((Float, Float), (Float, Float))]
        {
            let columns = map.columns
            #expect(abs(columns[0] * point.0 + columns[2] * point.1 + columns[4] - image.0) < 1e-5)
            #expect(abs(columns[1] * point.0 + columns[3] * point.1 + columns[5] - image.1) < 1e-5)
        }
        #expect(
            AffineMap(from: [(0, 0), (1, 1), (2, 2)], to: [(0, 0), (5, 1), (2, 2)]).columns == [
                1, 0, 0, 1, 0, 0,
            ])
    }

    @Test func plasmaFillsItsRange() throws {
        var streams = try RandomStreams(seeds: [1, 2], device: .cpu)
        let heights = try PlasmaFractal(size: 64, decay: 2)(&streams, device: .cpu)
        #expect(heights.shape == [2, 64, 64])
        #expect(try heights.minimum(axes: [1, 2]).array(of: Double.self) == [0, 0])
        #expect(try heights.maximum(axes: [1, 2]).array(of: Double.self) == [1, 1])
        // Neighbours are alike, across the edges of the torus too.
        for axis in [1, 2] {
            let steps = try (heights - heights.rolled(1, axis: axis)).absolute().mean().item(Double.self)
            #expect(steps < 0.06)
        }
    }
}
