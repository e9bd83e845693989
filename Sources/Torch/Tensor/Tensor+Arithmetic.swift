private enum Operators {
    static let add = Operator("aten::add", "Tensor")
    static let addScalar = Operator("aten::add", "Scalar")
    static let subtract = Operator("aten::sub", "Tensor")
    static let subtractScalar = Operator("aten::sub", "Scalar")
    static let multiply = Operator("aten::mul", "Tensor")
    static let multiplyScalar = Operator("aten::mul", "Scalar")
    static let divide = Operator("aten::div", "Tensor")
    static let divideScalar = Operator("aten::div", "Scalar")
    static let negative = Operator("aten::neg")
    static let absolute = Operator("aten::abs")
    static let square = Operator("aten::square")
    static let squareRoot = Operator("aten::sqrt")
    static let exponential = Operator("aten::exp")
    static let logarithm = Operator("aten::log")
    static let sine = Operator("aten::sin")
    static let cosine = Operator("aten::cos")
    static let floor = Operator("aten::floor")
    static let round = Operator("aten::round")
    static let power = Operator("aten::pow", "Tensor_Scalar")
    static let larger = Operator("aten::maximum")
    static let addInPlace = Operator("aten::add_", "Tensor")
    static let clampMinimum = Operator("aten::clamp_min")
    static let clamp = Operator("aten::clamp")
    static let matmul = Operator("aten::matmul")
    static let equal = Operator("aten::eq", "Tensor")
    static let equalScalar = Operator("aten::eq", "Scalar")
    static let greaterOrEqual = Operator("aten::ge", "Scalar")
    static let greaterOrEqualTensor = Operator("aten::ge", "Tensor")
    static let greater = Operator("aten::gt", "Scalar")
    static let less = Operator("aten::lt", "Scalar")
    static let isFinite = Operator("aten::isfinite")
    static let logicalNot = Operator("aten::logical_not")
    static let logicalAnd = Operator("aten::logical_and")
    static let logicalOr = Operator("aten::logical_or")
    static let select = Operator("aten::where", "self")
}

extension Tensor {
    public static func + (left: Tensor, right: Tensor) throws -> Tensor {
        try Operators.add(.tensor(left), .tensor(right))
    }

    public static func + (left: Tensor, right: Double) throws -> Tensor {
        try Operators.addScalar(.tensor(left), .double(right))
    }

    /// Keeps integers integers.
    public static func + (left: Tensor, right: Int) throws -> Tensor {
        try Operators.addScalar(.tensor(left), .int(right))
    }

    public static func - (left: Tensor, right: Tensor) throws -> Tensor {
        try Operators.subtract(.tensor(left), .tensor(right))
    }

    public static func - (left: Tensor, right: Double) throws -> Tensor {
        try Operators.subtractScalar(.tensor(left), .double(right))
    }

    public static func * (left: Tensor, right: Tensor) throws -> Tensor {
        try Operators.multiply(.tensor(left), .tensor(right))
    }

    public static func * (left: Tensor, right: Double) throws -> Tensor {
        try Operators.multiplyScalar(.tensor(left), .double(right))
    }

    public static func / (left: Tensor, right: Tensor) throws -> Tensor {
        try Operators.divide(.tensor(left), .tensor(right))
    }

    public static func / (left: Tensor, right: Double) throws -> Tensor {
        try Operators.divideScalar(.tensor(left), .double(right))
    }

    public func negative() throws -> Tensor { try Operators.negative(.tensor(self)) }
    public func absolute() throws -> Tensor { try Operators.absolute(.tensor(self)) }
    public func square() throws -> Tensor { try Operators.square(.tensor(self)) }
    public func squareRoot() throws -> Tensor { try Operators.squareRoot(.tensor(self)) }
    public func exponential() throws -> Tensor { try Operators.exponential(.tensor(self)) }
    public func logarithm() throws -> Tensor { try Operators.logarithm(.tensor(self)) }

    public func sine() throws -> Tensor { try Operators.sine(.tensor(self)) }
    public func cosine() throws -> Tensor { try Operators.cosine(.tensor(self)) }
    public func roundedDown() throws -> Tensor { try Operators.floor(.tensor(self)) }

    /// The nearest integers; halves go to the even one.
    public func rounded() throws -> Tensor { try Operators.round(.tensor(self)) }

    /// The larger of two elements, one by one.
    public func larger(_ other: Tensor) throws -> Tensor {
        try Operators.larger(.tensor(self), .tensor(other))
    }

    /// Adds `factor · other` to the elements.
    @discardableResult
    public func addInPlace(_ other: Tensor, times factor: Double = 1) throws -> Tensor {
        try Operators.addInPlace(.tensor(self), .tensor(other), .double(factor))
    }

    public func power(_ exponent: Double) throws -> Tensor {
        try Operators.power(.tensor(self), .double(exponent))
    }

    public func clamped(minimum: Double) throws -> Tensor {
        try Operators.clampMinimum(.tensor(self), .double(minimum))
    }

    public func clamped(to range: ClosedRange<Double>) throws -> Tensor {
        try Operators.clamp(.tensor(self), .double(range.lowerBound), .double(range.upperBound))
    }

    /// Matrix product over the last two axes; leading axes are broadcast.
    public func matmul(_ other: Tensor) throws -> Tensor {
        try Operators.matmul(.tensor(self), .tensor(other))
    }

    /// Element by element, bool.
    public func equals(_ other: Tensor) throws -> Tensor {
        try Operators.equal(.tensor(self), .tensor(other))
    }

    public func equals(_ value: Double) throws -> Tensor {
        try Operators.equalScalar(.tensor(self), .double(value))
    }

    public func isAtLeast(_ value: Double) throws -> Tensor {
        try Operators.greaterOrEqual(.tensor(self), .double(value))
    }

    /// Element by element, bool; both are broadcast.
    public func isAtLeast(_ other: Tensor) throws -> Tensor {
        try Operators.greaterOrEqualTensor(.tensor(self), .tensor(other))
    }

    public func isGreater(than value: Double) throws -> Tensor {
        try Operators.greater(.tensor(self), .double(value))
    }

    public func isLess(than value: Double) throws -> Tensor {
        try Operators.less(.tensor(self), .double(value))
    }

    public func isFinite() throws -> Tensor { try Operators.isFinite(.tensor(self)) }
    public func logicalNot() throws -> Tensor { try Operators.logicalNot(.tensor(self)) }

    public func and(_ other: Tensor) throws -> Tensor {
        try Operators.logicalAnd(.tensor(self), .tensor(other))
    }

    public func or(_ other: Tensor) throws -> Tensor {
        try Operators.logicalOr(.tensor(self), .tensor(other))
    }

    /// Where this bool tensor is true an element of `first`, elsewhere of `second`.
    public func choose(_ first: Tensor, _ second: Tensor) throws -> Tensor {
        try Operators.select(.tensor(self), .tensor(first), .tensor(second))
    }
}
