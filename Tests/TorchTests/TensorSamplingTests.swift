import Testing

@testable import Torch

@Suite struct TensorSamplingTests {
    @Test func integersWrapAround() throws {
        let numbers = try Tensor([Int.max, -1, 6])
        #expect(try numbers.adding(1).array(of: Int.self) == [Int.min, 0, 7])
        #expect(try numbers.multiplied(by: 2).array(of: Int.self) == [-2, -2, 12])
        #expect(try numbers.bitwiseAnd(3).array(of: Int.self) == [3, 3, 2])
        #expect(try numbers.bitwiseExclusiveOr(numbers).array(of: Int.self) == [0, 0, 0])
        #expect(try numbers.shiftedRight(1).array(of: Int.self) == [Int.max / 2, Int.max, 3])
        #expect(try numbers.shiftedRight(63).array(of: Int.self) == [0, 1, 0])
    }

    @Test func marginsContinueTheImage() throws {
        let image = try Tensor([1, 2, 3, 4] as [Float], shape: [1, 1, 2, 2])
        let replicated = try image.paddedReplicating(left: 1, right: 0, top: 0, bottom: 2)
        #expect(replicated.shape == [1, 1, 4, 3])
        #expect(try replicated.array(of: Int.self) == [1, 1, 2, 3, 3, 4, 3, 3, 4, 3, 3, 4])
        let reflected = try image.paddedReflecting(1)
        #expect(try reflected.array(of: Int.self) == [4, 3, 4, 3, 2, 1, 2, 1, 4, 3, 4, 3, 2, 1, 2, 1])
        #expect(throws: TorchError.self) { try image.paddedReflecting(2) }
    }

    @Test func samplesLieBetweenPixels() throws {
        let image = try Tensor([0, 10, 20, 30] as [Float], shape: [1, 1, 1, 4])
        func sampled(_ x: Float, _ border: ImageBorder) throws -> Float {
            let place = try Tensor([x, 0], shape: [1, 1, 1, 2])
            return try image.sampled(at: place, border: border).item()
        }
        // Centres at -1 and 1, or edges.
        #expect(try sampled(-1, .replicated) == 0)
        #expect(try sampled(0, .replicated) == 15)
        #expect(try sampled(3, .replicated) == 30)
        #expect(try abs(sampled(1 + 2 / 3, .reflected) - 20) < 1e-4)
        #expect(try sampled(-0.75, .mirrored) == 0)
        #expect(try sampled(1.25, .mirrored) == 30)
        #expect(try sampled(1.75, .mirrored) == 20)
    }

    @Test func transformsGiveTheSumsOfPlainLoops() throws {
        let image = try Tensor((0..<30).map { Float($0 * $0 % 7) }, shape: [1, 1, 5, 6])
        let kernel = try Tensor([1, 2, 3, 4, 5, 6] as [Float], shape: [2, 3])
        let found = try image.correlatedByTransform(kernel)
        #expect(found.shape == [1, 1, 4, 4])
        let pixels = try image.array(of: Float.self)
        for (index, value) in try found.array(of: Float.self).enumerated() {
            let (y, x) = (index / 4, index % 4)
            let wanted = (0..<6).reduce(Float(0)) { sum, tap in
                sum + Float(tap + 1) * pixels[(y + tap / 3) * 6 + x + tap % 3]
            }
            #expect(abs(value - wanted) < 1e-4)
        }
    }

    @Test func elementsMove() throws {
        let tensor = try Tensor([1, 2, 3, 4, 5, 6] as [Float], shape: [2, 3])
        #expect(try tensor.rolled(1, axis: 1).array(of: Int.self) == [3, 1, 2, 6, 4, 5])
        #expect(try tensor.rolled(-1, axis: 0).array(of: Int.self) == [4, 5, 6, 1, 2, 3])
        #expect(try tensor.elements(at: Tensor([5, 0], shape: [2, 1])).array(of: Int.self) == [6, 1])
        #expect(try tensor.larger(.full([1], 3.5)).array(of: Float.self) == [3.5, 3.5, 3.5, 4, 5, 6])
        try tensor.addInPlace(.ones([2, 3]), times: -2)
        #expect(try tensor.array(of: Int.self) == [-1, 0, 1, 2, 3, 4])
        #expect(try Tensor([-1.5, 0.5, 1.5] as [Float]).rounded().array(of: Int.self) == [-2, 0, 2])
        #expect(try Tensor([-1.5, 0.5] as [Float]).roundedDown().array(of: Int.self) == [-2, 0])
    }
}
