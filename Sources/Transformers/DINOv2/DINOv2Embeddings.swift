import Torch

/// The class token and the patches with a position each, and registers without between them.
///
/// - Input: `[batch, channels, height, width]`; output: `[batch, tokens, width]`.
/// - Parameters: `classToken [1, 1, width]`, `registers [1, registers, width]` where the
///   architecture has them, `positions [1, 1 + patches, width]` of images of the configured size.
public struct DINOv2Embeddings: Layer {
    public let classToken: Tensor
    public let registers: Tensor?
    public let positions: Tensor
    public let patches: PatchProjection
    private let grid: [Int]

    init(_ sizes: DINOv2Configuration, hasRegisters: Bool) throws {
        grid = sizes.grid
        classToken = try .empty([1, 1, sizes.width])
        registers = hasRegisters ? try .empty([1, sizes.registerCount, sizes.width]) : nil
        positions = try .empty([1, 1 + grid[0] * grid[1], sizes.width])
        patches = try PatchProjection(
            channels: sizes.channelCount, outputWidth: sizes.width, patchSize: sizes.patchSize)
    }

    public var parameters: [(name: String, tensor: Tensor)] {
        [("classToken", classToken)] + (registers.map { [("registers", $0)] } ?? [])
            + [("positions", positions)]
    }

    public var children: [(name: String, layer: any Layer)] { [("patches", patches)] }

    func callAsFunction(_ pixels: Tensor) throws -> Tensor {
        let image = try patches(pixels.to(nil, patches.weight.dataType))  // [batch, rows, columns, width]
        let patchStates = try image.flattened(from: 1, to: 2)  // [batch, patches, width]
        // The models with registers were released with antialiasing, those without were not.
        let positions = try PositionInterpolation.interpolate(
            positions, leadingCount: 1, from: grid, to: Array(image.shape[1...2]),
            antialias: registers != nil)
        let batch = try pixels.size(0)
        let first = try classToken.to(nil, image.dataType).expanded([batch, -1, -1]).contiguous()
        let states = try Tensor.concatenated([first, patchStates], axis: 1) + positions
        guard let registers else { return states }
        let count = try states.size(1)
        return try .concatenated(
            [
                states.slice(0..<1, axis: 1),
                registers.to(nil, states.dataType).expanded([batch, -1, -1]),
                states.slice(1..<count, axis: 1),
            ], axis: 1)
    }
}
