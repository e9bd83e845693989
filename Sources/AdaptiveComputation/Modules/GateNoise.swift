import Torch
import Transformers

/// Where the Gumbel noise of a training pass comes from.
public enum GateNoise: Sendable, Equatable {
    /// libtorch's default generator, as it stands.
    case generator
    /// The seed of a step, and which of the whole batch the samples of the pass are: a sample gets the same
    /// noise at a module in whatever part of the batch it runs, and again when its block is recomputed.
    case seeded(UInt64, BatchRows)

    /// - Parameters:
    ///   - logits: `[batch, tokens, choices]`.
    ///   - place: of the module whose gate chooses.
    /// - Returns: `-log(-log u)` for uniform u, the shape of `logits`; carries no gradients.
    func draw(like logits: Tensor, at place: SlotPlace) throws -> Tensor {
        var drawn: Tensor
        switch self {
        case .generator: drawn = try logits.emptyLike().fillExponentialInPlace()
        case .seeded(let seed, let rows):
            try Runtime.seed(Self.mixed(seed, place))
            let shape = logits.shape
            drawn = try Tensor.empty(
                [rows.count] + shape.dropFirst(), logits.dataType, device: logits.device
            ).fillExponentialInPlace()
            if rows.count != shape[0] { drawn = try rows.of(drawn) }
        }
        return try drawn.detach().logarithm().negative()
    }

    /// A seed for each module, by its path: FNV-1a over the step's seed and the path's bytes.
    private static func mixed(_ seed: UInt64, _ place: SlotPlace) -> UInt64 {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325 ^ seed
        for byte in place.description.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        return hash
    }
}
