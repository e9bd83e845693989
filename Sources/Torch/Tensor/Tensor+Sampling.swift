private enum Operators {
    static let gridSample = Operator("aten::grid_sampler")
    static let replicate = Operator("aten::replication_pad2d")
    static let reflect = Operator("aten::reflection_pad2d")
    static let forward = Operator("aten::fft_rfft2")
    static let inverse = Operator("aten::fft_irfft2")
    static let multiply = Operator("aten::mul", "Tensor")
}

/// What lies beyond the edges of an image whose rows read `abcd`.
public enum ImageBorder: Sendable {
    /// `aa|abcd|dd`
    case replicated
    /// `cb|abcd|cb`
    case reflected
    /// `ba|abcd|dc`
    case mirrored
}

/// Images are `[batch, channels, height, width]`, floating point.
extension Tensor {
    /// The images at positions between pixels, by bilinear interpolation.
    ///
    /// - Parameters:
    ///   - positions: `[batch, newHeight, newWidth, 2]`, x then y. With `.mirrored`, -1 and 1 are the
    ///     outer edges of the first and last pixel; otherwise they are these pixels' centres.
    ///   - border: what lies beyond the edges.
    /// - Returns: `[batch, channels, newHeight, newWidth]`.
    public func sampled(at positions: Tensor, border: ImageBorder) throws -> Tensor {
        try Operators.gridSample(
            .tensor(self), .tensor(positions), .int(0), .int(border == .replicated ? 1 : 2),
            .bool(border != .mirrored))
    }

    /// The images with margins that repeat the pixels of the edges.
    public func paddedReplicating(left: Int, right: Int, top: Int, bottom: Int) throws -> Tensor {
        try Operators.replicate(.tensor(self), .ints([left, right, top, bottom]))
    }

    /// The images with a margin on every side that mirrors them at the pixels of the edges.
    ///
    /// - Throws: ``TorchError`` where the margin is as wide as the image.
    public func paddedReflecting(_ width: Int) throws -> Tensor {
        try Operators.reflect(.tensor(self), .ints([width, width, width, width]))
    }

    /// The sums `Σ kernel[i, j] · image[y + i, x + j]` at all places where the kernel lies inside the
    /// image, computed by Fourier transforms: for large kernels.
    ///
    /// - Parameter kernel: `[kernelHeight, kernelWidth]`, the same for all channels.
    /// - Returns: `[batch, channels, height - kernelHeight + 1, width - kernelWidth + 1]`.
    public func correlatedByTransform(_ kernel: Tensor) throws -> Tensor {
        let (height, width) = (try size(-2), try size(-1))
        let (kernelHeight, kernelWidth) = (try kernel.size(0), try kernel.size(1))
        let size = OperatorArgument.ints([height, width])
        let spectrum = try Operators.multiply(
            .tensor(Operators.forward(.tensor(self), size)),
            // Convolution turns the kernel round; this turns it back.
            .tensor(Operators.forward(.tensor(kernel.flipped(0).flipped(1)), size)))
        return try Operators.inverse(.tensor(spectrum), size)
            .slice(kernelHeight - 1..<height, axis: -2).slice(kernelWidth - 1..<width, axis: -1)
    }
}
