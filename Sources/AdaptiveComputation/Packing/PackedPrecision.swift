import Torch
import Transformers

/// What the products of packed weights are computed in; sums are float32 anyway.
public enum PackedPrecision: String, Sendable, CaseIterable {
    case float32, bfloat16
    /// Weights by the channel, tokens by their own range.
    case int8

    /// That of a model's own type; nil where packed weights have none.
    public init?(_ type: DataType) {
        switch type {
        case .float32: self = .float32
        case .bfloat16: self = .bfloat16
        default: return nil
        }
    }
}

enum PackedOperators {
    static let packGated = Operator("acm::gated_mlp_pack")
    static let gated = Operator("acm::gated_mlp_packed")
    static let packLinear = Operator("acm::linear_pack")
    static let linear = Operator("acm::linear_packed")
}
