import Torch

/// What a model takes as `pixel_values`.
struct ImageInput {
    let channelCount: Int
    /// Height and width that images must have; nil for any size of at least one patch.
    let size: [Int]?
    /// Height and width of a patch.
    let patchSize: [Int]

    /// - Throws: ``ModelError/invalidInput(_:)`` with what is wanted and what was found.
    func check(_ pixels: Tensor) throws {
        let shape = pixels.shape
        let found = "found \(pixels.dataType) \(shape)"
        guard shape.count == 4, shape[1] == channelCount, pixels.dataType.isFloatingPoint,
            size == nil || Array(shape.dropFirst(2)) == size
        else {
            let wanted =
                size.map { "\([channelCount] + $0) after the batch" } ?? "\(channelCount) channels"
            let hint =
                size != nil && shape.count == 4 && shape[1] == channelCount
                ? "; for images of other sizes ask for interpolated positions" : ""
            throw ModelError.invalidInput(
                """
                pixel_values must be floating-point of shape [batch, channels, height, width] with \
                \(wanted), \(found)\(hint).
                """)
        }
        guard shape[2] >= patchSize[0], shape[3] >= patchSize[1] else {
            throw ModelError.invalidInput(
                """
                pixel_values must hold at least one patch of \(patchSize[0]) × \(patchSize[1]) pixels, \
                \(found).
                """)
        }
    }
}
