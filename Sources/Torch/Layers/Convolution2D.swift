private enum Operators {
    static let convolution = Operator("aten::conv2d")
}

/// Two-dimensional convolution without padding.
///
/// - Input: `[batch, channels, height, width]`; output: `[batch, outputChannels, …, …]`.
/// - Parameters: `weight [outputChannels, channels, kernelHeight, kernelWidth]`,
///   `bias [outputChannels]`.
public struct Convolution2D: Layer {
    public let weight: Tensor
    public let bias: Tensor
    public let stride: [Int]

    public init(channels: Int, outputChannels: Int, kernel: [Int], stride: [Int]) throws {
        weight = try .empty([outputChannels, channels] + kernel)
        bias = try .empty([outputChannels])
        self.stride = stride
    }

    public var parameters: [(name: String, tensor: Tensor)] { [("weight", weight), ("bias", bias)] }

    public func callAsFunction(_ input: Tensor) throws -> Tensor {
        try Operators.convolution(
            .tensor(input), .tensor(weight), .tensor(bias), .ints(stride))
    }
}
