private enum Operators {
    static let bicubic = Operator("aten::upsample_bicubic2d")
    static let bicubicAntialiased = Operator("aten::_upsample_bicubic2d_aa")
}

extension Tensor {
    /// Bicubic interpolation of the last two axes to another height and width; pixels are squares,
    /// so that corners do not fall on corners, and the cubic's coefficient is -0.75.
    ///
    /// - Parameters:
    ///   - size: height and width.
    ///   - antialias: whether the filter widens when the size shrinks; its coefficient is then -0.5.
    /// - Returns: `[batch, channels, height, width]` from a tensor of that rank.
    public func bicubicallyInterpolated(to size: [Int], antialias: Bool = false) throws -> Tensor {
        let resample = antialias ? Operators.bicubicAntialiased : Operators.bicubic
        return try resample(.tensor(self), .ints(size), .bool(false))
    }
}
