import Torch

/// Positions of patches for images of another size than a model was trained on.
enum PositionInterpolation {
    /// Interpolates the positions of a grid of patches bicubically, in float32 whatever their type;
    /// those of the tokens before the patches stay. The same tensor where the grid is the same.
    ///
    /// - Parameters:
    ///   - positions: `[1, leadingCount + rows · columns, width]`.
    ///   - grid: rows and columns of the patches that they belong to.
    ///   - newGrid: rows and columns of the patches of an image.
    /// - Returns: `[1, leadingCount + newRows · newColumns, width]`.
    /// - Source: `interpolate_pos_encoding` of transformers' `ViTEmbeddings` and
    ///   `Dinov2Embeddings`; with antialiasing, of `Dinov2WithRegistersEmbeddings`.
    static func interpolate(
        _ positions: Tensor, leadingCount: Int, from grid: [Int], to newGrid: [Int],
        antialias: Bool = false
    ) throws -> Tensor {
        if grid == newGrid { return positions }
        let leading = try positions.slice(0..<leadingCount, axis: 1)
        let patches = try positions.slice(leadingCount..<positions.size(1), axis: 1)
            .reshaped([1] + grid + [-1])
            .permuted([0, 3, 1, 2])  // [1, width, rows, columns]
            .to(nil, .float32)
            .bicubicallyInterpolated(to: newGrid, antialias: antialias)
            .to(nil, positions.dataType)
            .flattened(from: 2)
            .transposed(1, 2)  // [1, newRows · newColumns, width]
        return try .concatenated([leading, patches], axis: 1)
    }
}
