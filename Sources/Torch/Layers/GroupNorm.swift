private enum Operators {
    static let groupNorm = Operator("aten::group_norm")
}

/// `y = (x - mean) / sqrt(variance + epsilon) · weight + bias`, mean and variance of each sample taken
/// over a group of neighbouring channels and all that comes after the channels' axis.
///
/// - Input: `[batch, channels, …]`; output: the same shape.
/// - Parameters: `weight [channels]`, `bias [channels]`.
/// - Errors: `TorchError` where the groups do not divide the channels.
/// - Source: Wu & He 2018, equation 1.
public struct GroupNorm: Layer {
    public let weight: Tensor
    public let bias: Tensor
    public let groupCount: Int
    public let epsilon: Double

    public init(channels: Int, groupCount: Int, epsilon: Double = 1e-5) throws {
        weight = try .empty([channels])
        bias = try .empty([channels])
        self.groupCount = groupCount
        self.epsilon = epsilon
    }

    public var parameters: [(name: String, tensor: Tensor)] { [("weight", weight), ("bias", bias)] }

    public func callAsFunction(_ input: Tensor) throws -> Tensor {
        try Operators.groupNorm(
            .tensor(input), .int(groupCount), .tensor(weight), .tensor(bias), .double(epsilon))
    }

    /// The same with the channels as the last axis, in memory too.
    ///
    /// - Input: `[batch, length, channels]`; output: the same shape.
    public func overFrames(_ input: Tensor) throws -> Tensor {
        try self(input.transposed(1, 2).unsqueezed(2)).squeezed(2).transposed(1, 2)
    }
}
