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
}
