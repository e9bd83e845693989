import Foundation
import Torch

private enum Operators {
    static let indexCopy = Operator("aten::index_copy")
}

/// The changes of colours and sharpness that each sample of a batch draws for itself.
struct ColourAugmentation {
    /// What exactly one of is done to a sample.
    enum Filter: Equatable {
        case grayscale
        case solarisation
        /// With this standard deviation in pixels.
        case blur(Double)

        var blurDeviation: Double? { if case .blur(let deviation) = self { deviation } else { nil } }
    }

    /// One step of the jitter: the image is mixed with what it would be without this quality.
    enum Quality: Int, CaseIterable {
        case brightness, contrast, saturation
    }

    let filters: [Filter?]
    /// For each sample the qualities in its order, each with its factor.
    let jitters: [[(quality: Quality, factor: Double)]]

    init(filters: [Filter?], jitters: [[(quality: Quality, factor: Double)]]) {
        self.filters = filters
        self.jitters = jitters
    }

    init(_ options: AugmentationOptions, samples: [Int], _ epoch: Epoch) {
        filters = samples.map { sample in
            guard options.filters else { return nil }
            var generator = epoch.generator(sample: sample, .filter)
            switch Int.random(in: 0..<3, using: &generator) {
            case 0: return .grayscale
            case 1: return .solarisation
            default: return .blur(generator.uniform(0.1...2))
            }
        }
        jitters = samples.map { sample in
            guard options.colourJitter > 0 else { return [] }
            var generator = epoch.generator(sample: sample, .colour)
            let range = 1 - options.colourJitter...1 + options.colourJitter
            return Quality.allCases.shuffled(using: &generator).map { ($0, generator.uniform(range)) }
        }
    }

    /// - Parameter images: `[batch, 3, height, width]` in 0…1; other numbers of channels stay as
    ///   they are.
    func callAsFunction(_ images: Tensor) throws -> Tensor {
        guard try images.size(1) == 3 else { return images }
        var images = images
        images = try changing(images, .grayscale) { rows, _ in
            try Self.luminance(rows).expanded([-1, 3, -1, -1])
        }
        images = try changing(images, .solarisation) { rows, _ in
            // Values of 128 and more, of 0…255, are inverted.
            try rows.isGreater(than: 127.5 / 255).choose(rows.negative() + 1, rows)
        }
        images = try changing(images, nil) { rows, chosen in
            try Self.blurred(rows, chosen.compactMap(\.blurDeviation))
        }
        for step in 0..<(jitters.first?.count ?? 0) {
            images = try jittered(images, jitters.map { $0[step] })
        }
        return images
    }

    /// ITU-R 601-2 luma: `[batch, 1, height, width]`.
    static func luminance(_ images: Tensor) throws -> Tensor {
        let weights = try Tensor([0.299, 0.587, 0.114] as [Float], shape: [3, 1, 1]).sent(to: images.device)
        return try (images * weights).sum(axis: 1, keepDimension: true)
    }

    /// Gaussian blur, with a deviation for each image; at the borders the weights that are within
    /// the image are made to sum to one.
    static func blurred(_ images: Tensor, _ deviations: [Double]) throws -> Tensor {
        let device = images.device
        let scale = try Tensor(deviations.map { Float(-0.5 / ($0 * $0)) }).sent(to: device)
            .reshaped([deviations.count, 1, 1, 1])
        func weights(_ size: Int) throws -> Tensor {
            let places = try Tensor.range(0..<size, .float32, device: device)
            let squares = try (places.unsqueezed(0) - places.unsqueezed(1)).square()  // [size, size]
            let raw = try (squares * scale).exponential()  // [batch, 1, size, size]
            return try raw / raw.sum(axis: 3, keepDimension: true)
        }
        return try weights(images.size(2)).matmul(images).matmul(weights(images.size(3)).transposed(2, 3))
    }

    /// One step of the jitter: `factor · image + (1 - factor) · without`, cut to 0…1.
    private func jittered(
        _ images: Tensor, _ steps: [(quality: Quality, factor: Double)]
    ) throws -> Tensor {
        func column(_ values: [Double]) throws -> Tensor {
            try Tensor(values.map(Float.init)).sent(to: images.device).reshaped([values.count, 1, 1, 1])
        }
        let gray = try Self.luminance(images)
        let mean = try gray.mean(axes: [2, 3], keepDimension: true)
        // Without brightness black, without contrast the mean gray, without saturation gray.
        let without =
            try mean * column(steps.map { $0.quality == .contrast ? 1 - $0.factor : 0 })
            + gray * column(steps.map { $0.quality == .saturation ? 1 - $0.factor : 0 })
        return try (images * column(steps.map(\.factor)) + without).clamped(to: 0...1)
    }

    /// Puts changed images in the place of those with a filter; nil stands for a blur of any deviation.
    private func changing(
        _ images: Tensor, _ filter: Filter?, _ change: (Tensor, [Filter]) throws -> Tensor
    ) throws -> Tensor {
        let rows = filters.indices.filter { row in
            filter.map { filters[row] == $0 } ?? (filters[row]?.blurDeviation != nil)
        }
        if rows.isEmpty { return images }
        let places = try Tensor(rows).sent(to: images.device)
        let changed = try change(images.entries(places), rows.compactMap { filters[$0] })
        return try Operators.indexCopy(
            .tensor(images), .int(0), .tensor(places), .tensor(changed.contiguous()))
    }
}
