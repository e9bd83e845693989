/// `y = x ⊙ scale`, a factor for each channel.
///
/// - Input: `[…, width]`; output: the same shape.
/// - Parameters: `scale [width]`.
/// - Source: Touvron et al. 2021 (Going deeper with image transformers), equation 4.
public struct LayerScale: Layer {
    public let scale: Tensor

    public init(width: Int) throws {
        scale = try .empty([width])
    }

    public var parameters: [(name: String, tensor: Tensor)] { [("scale", scale)] }

    public func callAsFunction(_ input: Tensor) throws -> Tensor { try input * scale }
}
