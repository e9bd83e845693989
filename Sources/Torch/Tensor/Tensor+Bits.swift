private enum Operators {
    static let and = Operator("aten::bitwise_and", "Scalar")
    static let exclusiveOr = Operator("aten::bitwise_xor", "Tensor")
    static let shiftRight = Operator("aten::bitwise_right_shift", "Tensor_Scalar")
    static let multiply = Operator("aten::mul", "Scalar")
    static let add = Operator("aten::add", "Scalar")
}

/// Arithmetic of integer tensors; products and sums wrap around.
extension Tensor {
    public func bitwiseAnd(_ mask: Int) throws -> Tensor {
        try Operators.and(.tensor(self), .int(mask))
    }

    public func bitwiseExclusiveOr(_ other: Tensor) throws -> Tensor {
        try Operators.exclusiveOr(.tensor(self), .tensor(other))
    }

    /// The bits of int64 elements moved down by 1 to 63 places, zeros coming in at the top.
    public func shiftedRight(_ places: Int) throws -> Tensor {
        // libtorch's shift copies the sign.
        try Operators.shiftRight(.tensor(self), .int(places)).bitwiseAnd(Int.max >> (places - 1))
    }

    public func multiplied(by factor: Int) throws -> Tensor {
        try Operators.multiply(.tensor(self), .int(factor))
    }

    public func adding(_ number: Int) throws -> Tensor {
        try Operators.add(.tensor(self), .int(number))
    }
}
