import Foundation
import Preprocessing
import Torch

/// Where the compute went in an image: the image as the model saw it, and beside it the same with the
/// load of each patch as a colour, from dark for none to bright for the highest load of the image.
public enum ImageHeatMap {
    /// How much of the image is seen under the colours.
    private static let transparency = 0.45

    /// - Parameters:
    ///   - image: `[3, height, width]` uint8, resized and cropped as the model takes it.
    ///   - loads: of the model's tokens; the patches are the last of them, row by row.
    ///   - patchSize: height and width of a patch in pixels.
    /// - Returns: `[3, height, 2 · width + gap]` uint8.
    /// - Throws: ``EvaluationError/mismatch(_:)`` where there are fewer tokens than patches.
    public static func draw(image: Tensor, loads: TokenLoads, patchSize: [Int]) throws -> Tensor {
        let (height, width) = try (image.size(1), image.size(2))
        let (rows, columns) = (height / patchSize[0], width / patchSize[1])
        guard rows * columns >= 1, loads.loads.count >= rows * columns else {
            throw EvaluationError.mismatch(
                "An image of \(rows) × \(columns) patches has \(loads.loads.count) token loads")
        }
        let patches = Array(loads.loads.suffix(rows * columns))
        let highest = max(patches.max() ?? 0, 1e-9)
        let colours = patches.map { ColourScale.colour($0 / highest).map(Float.init) }
        let grid = try Tensor(
            (0..<3).flatMap { channel in colours.map { $0[channel] } }, shape: [3, rows, 1, columns, 1])
        let cover = try grid.expanded([3, rows, patchSize[0], columns, patchSize[1]])
            .reshaped([3, rows * patchSize[0], columns * patchSize[1]])
        let seen = try image.slice(0..<rows * patchSize[0], axis: 1).slice(
            0..<columns * patchSize[1], axis: 2
        )
        .to(nil, .float32)
        let mixed = try (seen * transparency + cover * (1 - transparency)).to(nil, .uint8)
        let gap = try Tensor.full([3, rows * patchSize[0], 8], 255, .uint8)
        return try .concatenated([seen.to(nil, .uint8), gap, mixed], axis: 2)
    }

    /// Writes the drawing as a PNG file, whole or not at all.
    public static func write(
        image: Tensor, loads: TokenLoads, patchSize: [Int], to url: URL
    ) throws {
        try AtomicFile.write(
            ImageEncoder.png(draw(image: image, loads: loads, patchSize: patchSize)), to: url)
    }
}
