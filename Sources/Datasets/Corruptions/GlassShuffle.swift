import Torch

/// The local shuffle of glass blur, all pixels at once.
///
/// The reference goes through the pixels from the lower right to the upper left and gives each the
/// value of a random near one: as its loop is written it copies, it does not swap. A near pixel that
/// the loop has passed already holds a copy itself, so that what arrives comes from further away.
/// Here every pixel points to where it takes its value from; a pointer to a passed pixel is followed
/// by doubling, which gives exactly what the loop gives for the same draws.
struct GlassShuffle {
    private let width: Int
    private let distance: Int
    private let count: Int
    private let positions: Tensor  // [1, pixels] int64
    /// Which pixels the loop visits, `[1, pixels]` bool.
    private let visited: Tensor

    /// Doublings of the pointers. A copy is a copy's copy with probability below 0.43, so that a chain
    /// of more than 2⁶ never occurs.
    private static let doublings = 6

    init(height: Int, width: Int, distance: Int, device: Device) throws {
        self.width = width
        self.distance = distance
        count = height * width
        positions = try Tensor.range(0..<count, device: device).unsqueezed(0)
        let inside = (0..<count).map { position in
            let (y, x) = (position / width, position % width)
            return y > distance && y <= height - distance && x > distance && x <= width - distance
        }
        visited = try Tensor(inside, shape: [1, count]).to(device)
    }

    /// - Parameter images: `[batch, channels, height, width]`.
    func callAsFunction(_ images: Tensor, _ random: inout RandomStreams) throws -> Tensor {
        // x and y offsets from -distance to distance - 1.
        let draws = try random.uniform([2, count])
        let offsets = try (draws * Double(2 * distance)).roundedDown() - Double(distance)
        let steps = try (offsets.select(1, axis: 1) * Double(width) + offsets.select(0, axis: 1))
            .to(nil, .int64)
        let origins = try origins(steps).unsqueezed(1)  // [batch, 1, pixels]
        let shape = images.shape
        return try images.flattened(from: 2)  // [batch, channels, pixels]
            .gathered(origins.expanded([shape[0], shape[1], count]), axis: 2)
            .reshaped(shape)
    }

    /// The pixel whose value each pixel ends with, from the step to the pixel that it copies.
    ///
    /// - Parameter steps: `[batch, pixels]` int64, in row-major order; ignored at pixels not visited.
    func origins(_ steps: Tensor) throws -> Tensor {
        let targets = try positions + steps * visited.to(nil, .int64)
        let passed = try (targets - positions).isGreater(than: 0).and(
            visited.expanded(steps.shape).gathered(targets, axis: 1))
        // Places from `count` on stand for a pixel as it was, and point to themselves.
        let final = try positions.adding(count).expanded(steps.shape)
        var pointers = try passed.choose(targets, targets.adding(count))
        for _ in 0..<Self.doublings {
            pointers = try Tensor.concatenated([pointers, final], axis: 1).gathered(pointers, axis: 1)
        }
        return try pointers.isAtLeast(Double(count)).choose(pointers.adding(-count), pointers)
    }
}
