import Torch

private enum Operators {
    static let floor = Operator("aten::floor")
    static let lessOrEqual = Operator("aten::le", "Tensor")
    static let less = Operator("aten::lt", "Tensor")
}

/// Cuts a rectangle of its own out of each image of a batch and brings all to one size, by bicubic
/// interpolation that averages where it makes smaller.
///
/// Both axes are products with a matrix for each image, so that it runs as fast as products do, on
/// any device: `output = rows · image · columnsᵀ`. A matrix's row has the weights
/// `cubic((i + ½ - centre) / max(scale, 1))` over the rectangle's pixels i, which sum to one.
///
/// - Source: Keys 1981 with a = -½; Pillow 12, `Resample.c`, of which it differs in that nothing is
///   rounded between the axes.
struct Resampling {
    let boxes: [CropBox]
    /// Whether left and right change places, for each image.
    let flips: [Bool]
    /// Height and width of the output.
    let size: Int

    /// - Parameter images: `[batch, channels, height, width]`, a floating-point type.
    /// - Returns: `[batch, channels, size, size]`.
    func callAsFunction(_ images: Tensor) throws -> Tensor {
        let shape = images.shape
        let rows = try weights(
            starts: boxes.map(\.top), lengths: boxes.map(\.height), flips: flips.map { _ in false },
            inputSize: shape[2], images)
        let columns = try weights(
            starts: boxes.map(\.left), lengths: boxes.map(\.width), flips: flips, inputSize: shape[3], images)
        return try rows.unsqueezed(1).matmul(images.matmul(columns.transposed(1, 2).unsqueezed(1)))
    }

    /// `[batch, size, inputSize]`.
    private func weights(
        starts: [Int], lengths: [Int], flips: [Bool], inputSize: Int, _ like: Tensor
    ) throws -> Tensor {
        let device = like.device
        func column(_ values: [Double]) throws -> Tensor {
            try Tensor(values.map(Float.init)).sent(to: device).reshaped([values.count, 1, 1])
        }
        let scales = lengths.map { Double($0) / Double(size) }
        let first = try column(starts.map(Double.init))
        let end = try column(zip(starts, lengths).map { Double($0 + $1) })
        // Where the pixel o lies in the input: start + (o + ½) · scale, or from the other end.
        let step = try column(zip(scales, flips).map { $1 ? -$0 : $0 })
        let origin = try column(
            zip(zip(starts, lengths), flips).map { Double($1 ? $0.0 + $0.1 : $0.0) })
        let outputs = try Tensor.range(0..<size, .float32, device: device).reshaped([1, size, 1]) + 0.5
        let centres = try origin + outputs * step  // [batch, size, 1]
        let pixels = try Tensor.range(0..<inputSize, .float32, device: device)  // [inputSize]
        let widths = try column(scales.map { max($0, 1) })
        let places = try ((pixels + 0.5 - centres) / widths).absolute()  // [batch, size, inputSize]
        let inside = try Operators.lessOrEqual(.tensor(first), .tensor(pixels))
            .and(Operators.less(.tensor(pixels), .tensor(end)))  // [batch, 1, inputSize]
        let raw = try Self.cubic(places) * inside.to(nil, .float32)
        return try (raw / raw.sum(axis: 2, keepDimension: true)).to(nil, like.dataType)
    }

    /// Keys' kernel of distances that are not negative: `(a+2)x³ - (a+3)x² + 1` up to 1,
    /// `a(x³ - 5x² + 8x - 4)` up to 2, else 0.
    private static func cubic(_ x: Tensor) throws -> Tensor {
        let near = try (x * 1.5 - 2.5) * x * x + 1
        let far = try (((x - 5) * x + 8) * x - 4) * -0.5
        return try x.isLess(than: 1).choose(
            near, x.isLess(than: 2).choose(far, x.zerosLike()))
    }
}
