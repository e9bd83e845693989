private enum Operators {
    static let reshape = Operator("aten::reshape")
    static let transpose = Operator("aten::transpose", "int")
    static let permute = Operator("aten::permute")
    static let unsqueeze = Operator("aten::unsqueeze")
    static let squeeze = Operator("aten::squeeze", "dim")
    static let expand = Operator("aten::expand")
    static let flatten = Operator("aten::flatten", "using_ints")
    static let concatenate = Operator("aten::cat")
    static let stack = Operator("aten::stack")
    static let pad = Operator("aten::constant_pad_nd")
    static let flip = Operator("aten::flip")
    static let roll = Operator("aten::roll")
}

extension Tensor {
    /// The same elements in another shape; one size may be -1. A view where possible.
    public func reshaped(_ shape: [Int]) throws -> Tensor {
        try Operators.reshape(.tensor(self), .ints(shape))
    }

    /// A view with two axes exchanged.
    public func transposed(_ first: Int, _ second: Int) throws -> Tensor {
        try Operators.transpose(.tensor(self), .int(first), .int(second))
    }

    /// A view with the axes in another order.
    public func permuted(_ axes: [Int]) throws -> Tensor {
        try Operators.permute(.tensor(self), .ints(axes))
    }

    /// A view with a new axis of size 1.
    public func unsqueezed(_ axis: Int) throws -> Tensor {
        try Operators.unsqueeze(.tensor(self), .int(axis))
    }

    /// A view without an axis of size 1.
    public func squeezed(_ axis: Int) throws -> Tensor {
        try Operators.squeeze(.tensor(self), .int(axis))
    }

    /// A view in which axes of size 1 are repeated; -1 keeps a size.
    public func expanded(_ shape: [Int]) throws -> Tensor {
        try Operators.expand(.tensor(self), .ints(shape))
    }

    /// The axes from `first` to `last` made one.
    public func flattened(from first: Int = 0, to last: Int = -1) throws -> Tensor {
        try Operators.flatten(.tensor(self), .int(first), .int(last))
    }

    /// The elements in reverse order along an axis.
    public func flipped(_ axis: Int) throws -> Tensor {
        try Operators.flip(.tensor(self), .ints([axis]))
    }

    /// The elements moved by `places` towards higher indices of an axis; what leaves at its end comes
    /// in at its start.
    public func rolled(_ places: Int, axis: Int) throws -> Tensor {
        try Operators.roll(.tensor(self), .ints([places]), .ints([axis]))
    }

    /// Adds `before` and `after` elements of a value to the last axis.
    public func paddedLast(before: Int, after: Int, value: Double = 0) throws -> Tensor {
        try Operators.pad(.tensor(self), .ints([before, after]), .double(value))
    }

    /// Tensors one after another along an axis they have.
    public static func concatenated(_ tensors: [Tensor], axis: Int = 0) throws -> Tensor {
        try Operators.concatenate(.tensors(tensors), .int(axis))
    }

    /// Tensors of one shape along a new axis.
    public static func stacked(_ tensors: [Tensor], axis: Int = 0) throws -> Tensor {
        try Operators.stack(.tensors(tensors), .int(axis))
    }
}
