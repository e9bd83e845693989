import Torch

extension ExifOrientation {
    /// The upright picture of stored rows `[channels, height, width]`.
    func applied(to stored: Tensor) throws -> Tensor {
        switch self {
        case .upright: stored
        case .mirrored: try stored.flipped(2)
        case .upsideDown: try stored.flipped(1).flipped(2)
        case .mirroredUpsideDown: try stored.flipped(1)
        case .transposed: try stored.transposed(1, 2)
        case .turnedLeft: try stored.transposed(1, 2).flipped(2)
        case .transversed: try stored.transposed(1, 2).flipped(1).flipped(2)
        case .turnedRight: try stored.transposed(1, 2).flipped(1)
        }
    }
}
