import Foundation
import Torch

/// Mixup and CutMix: each sample takes a part of the one at the mirrored place of its batch, and
/// the same part of that one's label.
///
/// - Source: Zhang et al. 2018; Yun et al. 2019, algorithm 1. Each sample draws its own share.
struct Mixing {
    /// What a sample keeps.
    enum Part: Equatable {
        /// This share of every pixel.
        case share(Double)
        /// All but a rectangle.
        case outside(CropBox)
    }

    let parts: [Part]
    let labelSmoothing: Double

    init(parts: [Part], labelSmoothing: Double) {
        self.parts = parts
        self.labelSmoothing = labelSmoothing
    }

    init(_ options: AugmentationOptions, samples: [Int], height: Int, width: Int, _ epoch: Epoch) {
        labelSmoothing = options.labelSmoothing
        parts = samples.map { sample in
            var generator = epoch.generator(sample: sample, .mix)
            let cuts =
                options.cutMix > 0 && (options.mixup == 0 || generator.unit() < 0.5)
            guard cuts else {
                return .share(options.mixup > 0 ? generator.beta(options.mixup) : 1)
            }
            let side = (1 - generator.beta(options.cutMix)).squareRoot()
            let boxHeight = Int(Double(height) * side)
            let boxWidth = Int(Double(width) * side)
            let top = Int.random(in: 0..<height, using: &generator) - boxHeight / 2
            let left = Int.random(in: 0..<width, using: &generator) - boxWidth / 2
            let bottom = min(top + boxHeight, height)
            let right = min(left + boxWidth, width)
            return .outside(
                CropBox(
                    top: max(top, 0), left: max(left, 0), height: max(bottom - max(top, 0), 0),
                    width: max(right - max(left, 0), 0)))
        }
    }

    /// - Parameters:
    ///   - images: `[batch, channels, height, width]`.
    ///   - labels: `[batch]` int64.
    /// - Returns: the mixed images, and shares of the classes `[batch, classes]` float32.
    func callAsFunction(
        _ images: Tensor, _ labels: Tensor, classCount: Int
    ) throws -> (images: Tensor, labels: Tensor) {
        let shape = images.shape
        let device = images.device
        let kept = try shares(height: shape[2], width: shape[3])
        let share = try Tensor(kept.map(Float.init)).sent(to: device).reshaped([kept.count, 1])  // [batch, 1]
        // 1 where a sample keeps its own pixel, its share where it is mixed all over.
        let weights = try pixelWeights(height: shape[2], width: shape[3], device)
        let mixed = try images * weights + images.flipped(0) * (weights.negative() + 1)
        let smooth =
            try labels.oneHot(classCount).to(nil, .float32) * (1 - labelSmoothing)
            + labelSmoothing / Double(classCount)
        return (mixed, try smooth * share + smooth.flipped(0) * (share.negative() + 1))
    }

    private func shares(height: Int, width: Int) throws -> [Double] {
        parts.map { part in
            switch part {
            case .share(let share): share
            case .outside(let box): 1 - Double(box.height * box.width) / Double(height * width)
            }
        }
    }

    /// `[batch, 1, height, width]`.
    private func pixelWeights(height: Int, width: Int, _ device: Device) throws -> Tensor {
        func within(_ size: Int, _ range: (CropBox) -> (Int, Int)) throws -> Tensor {
            let places = try Tensor.range(0..<size, .float32, device: device)
            let ranges = parts.map { part in
                if case .outside(let box) = part { range(box) } else { (0, 0) }
            }
            func column(_ values: [Int]) throws -> Tensor {
                try Tensor(values.map { Float($0) }).sent(to: device).unsqueezed(1)
            }
            return try (places - column(ranges.map(\.0))).isAtLeast(0)
                .and((places - column(ranges.map { $0.0 + $0.1 })).isLess(than: 0))  // [batch, size]
        }
        let inside = try within(height) { ($0.top, $0.height) }.unsqueezed(2)
            .and(within(width) { ($0.left, $0.width) }.unsqueezed(1))  // [batch, height, width]
        let kept = parts.map { part -> Float in
            if case .share(let share) = part { Float(share) } else { 1 }
        }
        let share = try Tensor(kept).sent(to: device).reshaped([parts.count, 1, 1])
        return try (share * inside.logicalNot().to(nil, .float32)).unsqueezed(1)
    }
}

extension SplitMix64 {
    /// A draw from the Beta distribution with both parameters equal.
    mutating func beta(_ parameter: Double) -> Double {
        if parameter == 1 { return unit() }
        let first = gamma(parameter)
        let second = gamma(parameter)
        let sum = first + second
        return sum > 0 ? first / sum : 0.5
    }

    /// A draw from the Gamma distribution of scale 1.
    ///
    /// - Source: Marsaglia & Tsang 2000; for parameters below 1 their remark in section 6.
    mutating func gamma(_ parameter: Double) -> Double {
        if parameter < 1 {
            let power = pow(1 - unit(), 1 / parameter)
            return gamma(parameter + 1) * power
        }
        let d = parameter - 1.0 / 3
        let c = 1 / (9 * d).squareRoot()
        while true {
            let x = normal()
            let cube = pow(1 + c * x, 3)
            if cube > 0, log(1 - unit()) < 0.5 * x * x + d - d * cube + d * log(cube) { return d * cube }
        }
    }

    /// A draw from the standard normal distribution (Box & Muller 1958).
    mutating func normal() -> Double {
        let radius = (-2 * log(1 - unit())).squareRoot()
        return radius * cos(2 * .pi * unit())
    }
}
