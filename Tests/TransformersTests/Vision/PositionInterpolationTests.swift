import Testing
import Torch

@testable import Transformers

@Suite struct PositionInterpolationTests {
    /// Two leading tokens, then 2 × 3 patches of one channel.
    let positions: Tensor

    init() throws {
        positions = try Tensor([70, 80, 1, 1, 1, 5, 5, 5] as [Float], shape: [1, 8, 1])
    }

    /// To four decimals.
    func values(_ grid: [Int], antialias: Bool = false) throws -> [Float] {
        try PositionInterpolation.interpolate(
            positions, leadingCount: 2, from: [2, 3], to: grid, antialias: antialias
        ).array(of: Float.self).map { ($0 * 1e4).rounded() / 1e4 }
    }

    @Test func theSameGridIsLeftAlone() throws {
        let same = try PositionInterpolation.interpolate(
            positions, leadingCount: 2, from: [2, 3], to: [2, 3])
        #expect(same === positions)
    }

    /// Rows differ, columns do not; the tokens before the patches stay what they are.
    @Test func rowsAndColumnsAreNotConfused() throws {
        let wide = try values([2, 5])
        #expect(wide == [70, 80] + Array(repeating: 1, count: 5) + Array(repeating: 5, count: 5))
        let high = try values([4, 1])
        #expect(high.count == 6 && high[0] == 70 && high[1] == 80)
        #expect(zip(high.dropFirst(2), high.dropFirst(3)).allSatisfy { $0 < $1 })
        #expect(abs(high[2] + high[5] - 6) < 1e-3 && abs(high[3] + high[4] - 6) < 1e-3)
    }

    @Test func oneRowIsTheMiddle() throws {
        for antialias in [false, true] {
            #expect(
                try values([1, 1], antialias: antialias) == [70, 80, 3])
        }
    }

    /// In float32 between two halves: numbers that bfloat16 holds come back as they were.
    @Test func halfPrecisionKeepsItsType() throws {
        let half = try PositionInterpolation.interpolate(
            positions.to(nil, .bfloat16), leadingCount: 2, from: [2, 3], to: [2, 6])
        #expect(half.dataType == .bfloat16 && half.shape == [1, 14, 1])
        #expect(try half.to(nil, .float32).array(of: Float.self).suffix(6) == [5, 5, 5, 5, 5, 5])
    }
}
