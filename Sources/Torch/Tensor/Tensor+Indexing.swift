private enum Operators {
    static let select = Operator("aten::select", "int")
    static let slice = Operator("aten::slice", "Tensor")
    static let indexSelect = Operator("aten::index_select")
    static let index = Operator("aten::index", "Tensor")
    static let gather = Operator("aten::gather")
    static let maskedFill = Operator("aten::masked_fill", "Scalar")
    static let oneHot = Operator("aten::one_hot")
    static let indexFill = Operator("aten::index_fill_", "int_Scalar")
    static let take = Operator("aten::embedding")
    static let takeFlat = Operator("aten::take")
}

extension Tensor {
    /// A view of one index of an axis, which disappears; negative indices count from the end.
    public func select(_ index: Int, axis: Int) throws -> Tensor {
        try Operators.select(.tensor(self), .int(axis), .int(index))
    }

    /// A view of a range of an axis.
    public func slice(_ range: Range<Int>, axis: Int) throws -> Tensor {
        try Operators.slice(
            .tensor(self), .int(axis), .int(range.lowerBound), .int(range.upperBound))
    }

    /// Copies of the entries of an axis that `indices` (int64, a vector) names, in its order.
    public func entries(_ indices: Tensor, axis: Int = 0) throws -> Tensor {
        try Operators.indexSelect(.tensor(self), .int(axis), .tensor(indices))
    }

    /// The rows where `mask` (bool, the shape of the leading axes) is true: `[count, …]`.
    ///
    /// Waits for the device, since the number of rows is not known before.
    public func rows(where mask: Tensor) throws -> Tensor {
        try Operators.index(.tensor(self), .optionalTensors([mask]))
    }

    /// Overwrites the entries of the first axis that `indices` (int64, a vector) names.
    @discardableResult
    public func fillInPlace(_ value: Double, at indices: Tensor) throws -> Tensor {
        try Operators.indexFill(.tensor(self), .int(0), .tensor(indices), .double(value))
    }

    /// Along `axis`, the elements that `indices` (int64, same rank) names.
    public func gathered(_ indices: Tensor, axis: Int) throws -> Tensor {
        try Operators.gather(.tensor(self), .int(axis), .tensor(indices))
    }

    /// The elements that `indices` (int64, any shape) count in row-major order: the shape of `indices`.
    public func elements(at indices: Tensor) throws -> Tensor {
        try Operators.takeFlat(.tensor(self), .tensor(indices))
    }

    /// A copy with `value` where `mask` (bool, broadcast) is true.
    public func masked(_ mask: Tensor, value: Double) throws -> Tensor {
        try Operators.maskedFill(.tensor(self), .tensor(mask), .double(value))
    }

    /// For int64 classes `[…]`, vectors `[…, count]` of zeros with a one at the class, int64.
    public func oneHot(_ count: Int) throws -> Tensor {
        try Operators.oneHot(.tensor(self), .int(count))
    }

    /// The rows of a table `[rows, width]` at int64 indices `[…]`: `[…, width]`.
    public func lookedUp(in table: Tensor) throws -> Tensor {
        try Operators.take(.tensor(table), .tensor(self))
    }
}
