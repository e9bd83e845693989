private enum Operators {
    static let convolution = Operator("aten::conv1d")
    static let convolutionOfPlanes = Operator("aten::conv2d")
}

/// One-dimensional convolution, with zeros beyond both ends.
///
/// `y[o, t] = Σ_{c, k} weight[o, c, k] · x[c, stride · t + k - padding] + bias[o]`, where c runs over
/// the channels of o's group.
///
/// - Input: `[batch, channels, length]`; output: `[batch, outputChannels, frames]` with
///   `frames = (length + 2 · padding - kernel) / stride + 1`, rounded down.
/// - Parameters: `weight [outputChannels, channels / groups, kernel]`, `bias [outputChannels]` unless
///   left out.
/// - Errors: `TorchError` for an input shorter than the kernel.
public struct Convolution1D: Layer {
    public let weight: Tensor
    public let bias: Tensor?
    public let stride: Int
    public let padding: Int
    public let groups: Int

    public init(
        channels: Int, outputChannels: Int, kernel: Int, stride: Int = 1, padding: Int = 0,
        groups: Int = 1, hasBias: Bool = true
    ) throws {
        weight = try .empty([outputChannels, channels / groups, kernel])
        bias = hasBias ? try .empty([outputChannels]) : nil
        self.stride = stride
        self.padding = padding
        self.groups = groups
    }

    public var parameters: [(name: String, tensor: Tensor)] {
        [("weight", weight)] + (bias.map { [("bias", $0)] } ?? [])
    }

    /// Multiply-accumulates of one frame of the output.
    public var costPerFrame: Int { weight.elementCount }

    public func callAsFunction(_ input: Tensor) throws -> Tensor {
        try input.convolved(weight, bias: bias, stride: stride, padding: padding, groups: groups)
    }

    /// The same with the channels as the last axis, in memory too: norms over channels before and after
    /// it need no copies, and convolutions on a CPU are faster so.
    ///
    /// - Input: `[batch, length, channels]`; output: `[batch, frames, outputChannels]`.
    public func overFrames(_ input: Tensor) throws -> Tensor {
        // One-dimensional convolutions would bring their input into the other order; planes of height 1
        // keep theirs.
        let planes = try weight.transposed(1, 2).contiguous().transposed(1, 2).unsqueezed(2)
        return try Operators.convolutionOfPlanes(
            .tensor(input.transposed(1, 2).unsqueezed(2)), .tensor(planes), .optionalTensor(bias),
            .ints([1, stride]), .ints([0, padding]), .ints([1, 1]), .int(groups)
        ).squeezed(2).transposed(1, 2)
    }
}

extension Tensor {
    /// The convolution of ``Convolution1D`` with these weights.
    func convolved(
        _ weight: Tensor, bias: Tensor?, stride: Int, padding: Int, groups: Int
    ) throws -> Tensor {
        try Operators.convolution(
            .tensor(self), .tensor(weight), .optionalTensor(bias), .ints([stride]), .ints([padding]),
            .ints([1]), .int(groups))
    }
}
