import Testing

@testable import Torch

/// Convolutions, norms and weight normalisation on cases worked out by hand.
@Suite struct SpeechLayerTests {
    func values(_ tensor: Tensor) throws -> [Float] { try tensor.array() }

    @Test func convolutionWithStrideAndPadding() throws {
        let layer = try Convolution1D(channels: 1, outputChannels: 1, kernel: 3, stride: 2, padding: 1)
        try layer.weight.copyInPlace(from: Tensor([1, 10, 100] as [Float], shape: [1, 1, 3]))
        try #require(layer.bias).fillInPlace(0.5)
        let output = try layer(Tensor([1, 2, 3, 4, 5] as [Float], shape: [1, 1, 5]))
        #expect(output.shape == [1, 1, 3])
        #expect(try values(output) == [210.5, 432.5, 54.5])
        #expect(layer.costPerFrame == 3)
    }

    /// Each group sees its own channels alone.
    @Test func convolutionInGroups() throws {
        let layer = try Convolution1D(channels: 4, outputChannels: 2, kernel: 1, groups: 2, hasBias: false)
        #expect(layer.weight.shape == [2, 2, 1] && layer.parameters.map(\.name) == ["weight"])
        try layer.weight.copyInPlace(from: Tensor([1, 2, 3, 4] as [Float], shape: [2, 2, 1]))
        let output = try layer(Tensor([1, 10, 100, 1000] as [Float], shape: [1, 4, 1]))
        #expect(try values(output) == [21, 4300])
    }

    /// With channels last the same numbers come out.
    @Test(arguments: [(1, 3, 2, 0, 1), (4, 2, 1, 1, 2), (6, 5, 3, 0, 1)])
    func channelsMayComeLast(channels: Int, kernel: Int, stride: Int, padding: Int, groups: Int) throws {
        let layer = try Convolution1D(
            channels: channels, outputChannels: 4, kernel: kernel, stride: stride, padding: padding,
            groups: groups)
        let norm = try GroupNorm(channels: 4, groupCount: 2)
        for (_, tensor) in layer.parameters + norm.parameters { try tensor.fillNormalInPlace() }
        let input = try Tensor.normal([2, channels, 17])
        let wanted = try layer(input)
        let found = try layer.overFrames(input.transposed(1, 2).contiguous())
        #expect(found.shape == [2, try wanted.size(2), 4])
        func difference(_ last: Tensor, _ first: Tensor) throws -> Double {
            try (last.transposed(1, 2) - first).absolute().maximum().item(Double.self)
        }
        #expect(try difference(found, wanted) < 1e-5)
        #expect(try difference(norm.overFrames(found), norm(wanted)) < 1e-5)
    }

    @Test func inputsShorterThanTheKernelAreRefused() throws {
        let layer = try Convolution1D(channels: 1, outputChannels: 1, kernel: 3)
        #expect(throws: TorchError.self) { try layer(.zeros([1, 1, 2])) }
    }

    /// Two groups of two channels: 1, 3 | 5, 5 and -2, 2 | 0, 0 become their deviations in units of
    /// the group's.
    @Test func groupNormOverChannelsAndTime() throws {
        let layer = try GroupNorm(channels: 4, groupCount: 2, epsilon: 0)
        try layer.weight.copyInPlace(from: Tensor([1, 1, 2, 1] as [Float]))
        try layer.bias.copyInPlace(from: Tensor([0, 0, 0, 7] as [Float]))
        let input = try Tensor([1, 3, 5, 7, -2, 2, 2, -2] as [Float], shape: [1, 4, 2])
        let root = Float(5).squareRoot()
        let wanted: [Float] = [-3 / root, -1 / root, 1 / root, 3 / root, -2, 2, 8, 6]
        for (found, wanted) in try zip(values(layer(input)), wanted) { #expect(abs(found - wanted) < 1e-5) }
        #expect(throws: TorchError.self) { try GroupNorm(channels: 4, groupCount: 3)(input) }
    }

    /// At each position of the kernel the weight has the length that the magnitude says.
    @Test func weightNormKeepsLengthAndDirection() throws {
        let layer = try WeightNormConvolution1D(channels: 2, kernel: 3, padding: 1, groups: 2)
        #expect(layer.direction.shape == [2, 1, 3] && layer.magnitude.shape == [1, 1, 3])
        try layer.direction.copyInPlace(from: Tensor([3, 0, 1, 4, 2, 0] as [Float], shape: [2, 1, 3]))
        try layer.magnitude.copyInPlace(from: Tensor([10, -1, 2] as [Float], shape: [1, 1, 3]))
        try layer.bias.fillInPlace(0)
        #expect(try values(layer.weight()) == [6, 0, 2, 8, -1, 0])
        let output = try layer(Tensor([1, 1, 1, 1] as [Float], shape: [1, 2, 2]))
        #expect(try values(output) == [2, 6, -1, 7])
        #expect(layer.costPerFrame == 6)
    }

    @Test func gradientsReachMagnitudeAndDirection() throws {
        let layer = try WeightNormConvolution1D(channels: 2, kernel: 3, padding: 1, groups: 1)
        for (_, tensor) in layer.parameters { try tensor.fillNormalInPlace() }
        try layer.setRequiresGradient(true)
        try layer(.normal([2, 2, 5])).square().sum().backward()
        for (name, tensor) in layer.parameters {
            #expect(try #require(try tensor.gradient, "\(name)").norm().item(Double.self) > 0)
        }
    }
}

/// Activations over their own input.
@Suite struct ActivationTests {
    @Test(arguments: Activation.allCases) func overwritingGivesTheSame(activation: Activation) throws {
        let input = try Tensor.normal([3, 5])
        let wanted = try activation(input)
        let copy = try input.clone()
        let found = try activation.overwriting(copy)
        #expect(try found.equals(wanted).allTrue() && copy.equals(wanted).allTrue())
    }

    @Test func inputsWithGradientsAreKept() throws {
        let input = try Tensor([-1, 2] as [Float]).setRequiresGradient()
        let output = try Activation.relu.overwriting(input * 1)
        try output.sum().backward()
        #expect(try #require(try input.gradient).array(of: Float.self) == [0, 1])
        #expect(try input.array(of: Float.self) == [-1, 2])
    }
}
