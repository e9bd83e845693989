import Torch

/// How pixels between pixels are computed; the numbers are Pillow's.
public enum ImageInterpolation: Int, Sendable, CaseIterable {
    case lanczos = 1
    case bilinear = 2
    case bicubic = 3
}

private enum Operators {
    static let bilinear = Operator("aten::_upsample_bilinear2d_aa")
    static let bicubic = Operator("aten::_upsample_bicubic2d_aa")
    static let lanczos = Operator("aten::_upsample_lanczos2d_aa")
}

extension Tensor {
    /// An image `[channels, height, width] uint8` in another size, antialiased: for a smaller size the
    /// filter is as wide as what becomes one pixel.
    ///
    /// - Throws: ``TorchError`` for sizes below one; for Lanczos also where libtorch is too old for it.
    public func resized(height: Int, width: Int, by interpolation: ImageInterpolation) throws -> Tensor {
        if shape.suffix(2) == [height, width] { return self }
        let resize =
            switch interpolation {
            case .bilinear: Operators.bilinear
            case .bicubic: Operators.bicubic
            case .lanczos: Operators.lanczos
            }
        return try resize(.tensor(unsqueezed(0)), .ints([height, width]), .bool(false)).squeezed(0)
    }
}
