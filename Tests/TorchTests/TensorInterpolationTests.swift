import Testing
import Torch

@Suite struct TensorInterpolationTests {
    /// Halfway between pixels the weights of Keys' cubic are -3/32·…: with a = -3/4 they are
    /// -0.09375, 0.59375, 0.59375, -0.09375.
    @Test func halfwayBetweenFourPixels() throws {
        let row = try Tensor([1, 2, 4, 8] as [Float], shape: [1, 1, 1, 4])
        let found = try row.bicubicallyInterpolated(to: [1, 1]).item(Float.self)
        #expect(abs(found - (-0.09375 * 9 + 0.59375 * 6)) < 1e-6)
    }

    /// Antialiased, the filter is four times as wide, and its weights sum to one.
    @Test func antialiasingSeesAllPixels() throws {
        let impulse = try Tensor([0, 0, 0, 0, 0, 0, 0, 16] as [Float], shape: [1, 1, 1, 8])
        let plain = try impulse.bicubicallyInterpolated(to: [1, 2]).array(of: Float.self)
        let smooth = try impulse.bicubicallyInterpolated(to: [1, 2], antialias: true).array(of: Float.self)
        #expect(plain[0] == 0 && plain[1] < 0)
        #expect(smooth[1] > 0)
        let flat = try Tensor.full([1, 1, 7, 5], 3).bicubicallyInterpolated(to: [2, 9], antialias: true)
        #expect(flat.shape == [1, 1, 2, 9])
        #expect(try (flat - 3).absolute().maximum().item(Float.self) < 1e-5)
    }

    @Test func otherRanksAreRefused() throws {
        #expect(throws: TorchError.self) { try Tensor.zeros([4, 4]).bicubicallyInterpolated(to: [2, 2]) }
    }
}
