private enum Operators {
    static let weightNorm = Operator("aten::_weight_norm")
}

/// One-dimensional convolution whose weight is kept as length and direction, one length for each
/// position of the kernel.
///
/// `weight[:, :, k] = magnitude[k] · direction[:, :, k] / ‖direction[:, :, k]‖`
///
/// - Input: `[batch, channels, length]`; output: `[batch, channels, frames]`, see ``Convolution1D``.
/// - Parameters: `magnitude [1, 1, kernel]`, `direction [channels, channels / groups, kernel]`,
///   `bias [channels]`.
/// - Source: Salimans & Kingma 2016, equation 2; `torch.nn.utils.parametrizations.weight_norm` over
///   axis 2.
public struct WeightNormConvolution1D: Layer {
    public let magnitude: Tensor
    public let direction: Tensor
    public let bias: Tensor
    public let padding: Int
    public let groups: Int

    public init(channels: Int, kernel: Int, padding: Int, groups: Int) throws {
        magnitude = try .empty([1, 1, kernel])
        direction = try .empty([channels, channels / groups, kernel])
        bias = try .empty([channels])
        self.padding = padding
        self.groups = groups
    }

    public var parameters: [(name: String, tensor: Tensor)] {
        [("magnitude", magnitude), ("direction", direction), ("bias", bias)]
    }

    /// Multiply-accumulates of one frame of the output.
    public var costPerFrame: Int { direction.elementCount }

    /// `[channels, channels / groups, kernel]`.
    public func weight() throws -> Tensor {
        try Operators.weightNorm(.tensor(direction), .tensor(magnitude), .int(2))
    }

    public func callAsFunction(_ input: Tensor) throws -> Tensor {
        try input.convolved(weight(), bias: bias, stride: 1, padding: padding, groups: groups)
    }
}
