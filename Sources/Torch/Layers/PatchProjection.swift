private enum Operators {
    static let convolution = Operator("aten::conv2d")
    static let linear = Operator("aten::linear")
}

/// A linear map of each patch of an image; rows and columns beyond the last whole patch are left out.
///
/// - Input: `[batch, channels, height, width]`; output: `[batch, rows, columns, outputWidth]`.
/// - Parameters: `weight [outputWidth, channels, patchHeight, patchWidth]`, `bias [outputWidth]`: those of a
///   convolution whose stride is its kernel.
public struct PatchProjection: Layer {
    public let weight: Tensor
    public let bias: Tensor
    private let patchSize: [Int]

    /// - Parameters:
    ///   - channels: of the image.
    ///   - outputWidth: numbers for each patch.
    ///   - patchSize: height and width in pixels.
    public init(channels: Int, outputWidth: Int, patchSize: [Int]) throws {
        weight = try .empty([outputWidth, channels] + patchSize)
        bias = try .empty([outputWidth])
        self.patchSize = patchSize
    }

    public var parameters: [(name: String, tensor: Tensor)] { [("weight", weight), ("bias", bias)] }

    public func callAsFunction(_ input: Tensor) throws -> Tensor {
        // There the convolution is the faster of the two.
        if input.device == .cpu, weight.dataType == .float32 {
            return try Operators.convolution(
                .tensor(input), .tensor(weight), .tensor(bias), .ints(patchSize)
            ).permuted([0, 2, 3, 1])
        }
        let (shape, height, width) = (input.shape, patchSize[0], patchSize[1])
        let (rows, columns) = (shape[2] / height, shape[3] / width)
        let whole = try input.slice(0..<rows * height, axis: 2).slice(0..<columns * width, axis: 3)
        let patches = try whole.reshaped([shape[0], shape[1], rows, height, columns, width])
            .permuted([0, 2, 4, 1, 3, 5]).flattened(from: 3)  // [batch, rows, columns, channels · patch]
        return try Operators.linear(.tensor(patches), .tensor(weight.flattened(from: 1)), .tensor(bias))
    }
}
