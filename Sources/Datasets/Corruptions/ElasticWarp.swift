import Torch

/// An image stretched as rubber is: a random affine map, then a smooth random shift of every pixel.
///
/// - Source: Simard, Steinkraus & Platt 2003; constants of the reference, which were 244 (not 224)
///   times what they read.
struct ElasticWarp {
    /// Scale and smoothness of the shifts, in pixels.
    let scale, smoothness: Double
    /// How far the corners of the affine map move at most, in pixels.
    let movement: Double

    static let levels = [
        ElasticWarp(scale: 244 * 2, smoothness: 244 * 0.7, movement: 244 * 0.1),
        ElasticWarp(scale: 244 * 2, smoothness: 244 * 0.08, movement: 244 * 0.2),
        ElasticWarp(scale: 244 * 0.05, smoothness: 244 * 0.01, movement: 244 * 0.02),
        ElasticWarp(scale: 244 * 0.07, smoothness: 244 * 0.01, movement: 244 * 0.02),
        ElasticWarp(scale: 244 * 0.12, smoothness: 244 * 0.01, movement: 244 * 0.02),
    ]

    /// - Parameter images: `[batch, channels, height, width]`; the result has the same shape.
    func callAsFunction(_ images: Tensor, _ random: inout RandomStreams) throws -> Tensor {
        let (height, width) = (try images.size(-2), try images.size(-1))
        // Centres of the first and last pixel are -1 and 1.
        let maps = try affineMaps(random, height: height, width: width).to(images.device)
        let stretched = try images.sampled(
            at: Self.grid(height, width, ends: .centres).to(images.device)  // [pixels, 3]
                .matmul(maps)  // [batch, pixels, 2]
                .reshaped([random.seeds.count, height, width, 2]), border: .reflected)

        let noise = try random.uniform([2, height, width]) * 2 - 1
        let shifts = try noise.blurred(deviation: smoothness, reach: 3, border: .mirrored)
            .permuted([0, 2, 3, 1])  // [batch, height, width, 2]
        // Here the outer edges of the pixels are -1 and 1.
        let unit = try Tensor([2 / Float(width), 2 / Float(height)]).to(images.device)
        let places = try Self.grid(height, width, ends: .edges).to(images.device).slice(0..<2, axis: 1)
            .reshaped([height, width, 2])
        return try stretched.sampled(at: places + shifts * scale * unit, border: .mirrored)
    }

    private enum Ends {
        case centres, edges
    }

    /// `[pixels, 3]`: x, y and 1 of each pixel, in 0-centred units.
    private static func grid(_ height: Int, _ width: Int, ends: Ends) throws -> Tensor {
        func axis(_ count: Int) -> [Float] {
            (0..<count).map {
                ends == .centres
                    ? Float(2 * $0) / Float(count - 1) - 1 : Float(2 * $0 + 1) / Float(count) - 1
            }
        }
        let x = try Tensor(axis(width), shape: [1, width]).expanded([height, width])
        let y = try Tensor(axis(height), shape: [height, 1]).expanded([height, width])
        return try Tensor.stacked([x, y, Tensor.ones([height, width])], axis: -1).reshaped([-1, 3])
    }

    /// `[batch, 3, 2]`: from x, y, 1 of a pixel to where its value comes from, in units in which the
    /// centres of the first and last pixel are -1 and 1.
    ///
    /// Three points around the centre, a third of the size apart, move by up to ``movement``; the map
    /// leads back from where they are to where they were.
    private func affineMaps(_ random: RandomStreams, height: Int, width: Int) throws -> Tensor {
        let third = Double(min(height, width) / 3)
        let (centreX, centreY) = (Double(width / 2), Double(height / 2))
        let corners = [
            (centreX + third, centreY + third), (centreX + third, centreY - third),
            (centreX - third, centreY - third),
        ]
        let (unitX, unitY) = (2 / Double(width - 1), 2 / Double(height - 1))
        let before = corners.map { (x: $0.0 * unitX - 1, y: $0.1 * unitY - 1) }
        let maps = random.hostGenerators.map { generator -> [Float] in
            var generator = generator
            let after = before.map { point in
                (
                    x: point.x + (2 * generator.unit() - 1) * movement * unitX,
                    y: point.y + (2 * generator.unit() - 1) * movement * unitY
                )
            }
            return AffineMap(from: after, to: before).columns
        }
        return try Tensor(maps.flatMap { $0 }, shape: [maps.count, 3, 2])
    }
}

/// The map `(x, y) → (a x + b y + c, d x + e y + f)` that takes three points to three others.
struct AffineMap {
    /// `[[a, d], [b, e], [c, f]]` in row-major order.
    let columns: [Float]

    /// Points on one line have no such map; the identity stands for it.
    init(from points: [(x: Double, y: Double)], to images: [(x: Double, y: Double)]) {
        let (first, second, third) = (points[0], points[1], points[2])
        let determinant =
            (second.x - first.x) * (third.y - first.y) - (third.x - first.x) * (second.y - first.y)
        guard determinant != 0 else {
            columns = [1, 0, 0, 1, 0, 0]
            return
        }
        /// Slopes along x and y, and the value at the origin, of the plane over the three points.
        func plane(_ values: [Double]) -> [Double] {
            let (up, across) = (values[1] - values[0], values[2] - values[0])
            let alongX = (up * (third.y - first.y) - across * (second.y - first.y)) / determinant
            let alongY = (across * (second.x - first.x) - up * (third.x - first.x)) / determinant
            return [alongX, alongY, values[0] - alongX * first.x - alongY * first.y]
        }
        let (x, y) = (plane(images.map(\.x)), plane(images.map(\.y)))
        columns = zip(x, y).flatMap { [Float($0), Float($1)] }
    }
}
