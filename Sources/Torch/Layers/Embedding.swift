private enum Operators {
    static let linear = Operator("aten::linear")
}

/// A table of vectors.
///
/// - Input: indices `[…]` int64; output: `[…, width]`.
/// - Parameters: `weight [count, width]`.
public struct Embedding: Layer {
    public let weight: Tensor

    public init(count: Int, width: Int) throws {
        weight = try .empty([count, width])
    }

    public var parameters: [(name: String, tensor: Tensor)] { [("weight", weight)] }

    public func callAsFunction(_ indices: Tensor) throws -> Tensor {
        try indices.lookedUp(in: weight)
    }

    /// The products of states with all vectors of the table: `[…, width]` to `[…, count]`.
    public func products(_ states: Tensor) throws -> Tensor {
        try Operators.linear(.tensor(states), .tensor(weight), .none)
    }
}
