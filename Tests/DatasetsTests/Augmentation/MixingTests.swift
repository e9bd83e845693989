import Foundation
import Testing
import Torch

@testable import Datasets

@Suite struct MixingTests {
    func mixing(_ count: Int = 3000, _ change: (inout AugmentationOptions) -> Void = { _ in }) -> Mixing {
        var options = AugmentationOptions(enabled: true)
        change(&options)
        return Mixing(options, samples: Array(0..<count), height: 32, width: 48, Epoch(seed: 3, number: 2))
    }

    func shares(_ mixing: Mixing) -> [Double] {
        mixing.parts.compactMap { if case .share(let share) = $0 { share } else { nil } }
    }

    @Test func halfOfTheSamplesAreCut() {
        let count = shares(mixing()).count
        #expect(abs(count - 1500) < 120)
        #expect(shares(mixing { $0.cutMix = 0 }).count == 3000)
        #expect(shares(mixing { $0.mixup = 0 }).isEmpty)
        let off = mixing {
            $0.mixup = 0
            $0.cutMix = 0
        }
        #expect(off.parts.allSatisfy { $0 == .share(1) })
    }

    /// Beta(a, a) has mean 1/2 and variance 1 / (4 (2a + 1)).
    @Test(arguments: [0.2, 0.8, 1, 3]) func sharesFollowTheBetaDistribution(parameter: Double) {
        var generator = SplitMix64(seed: 11)
        let draws = (0..<20000).map { _ in generator.beta(parameter) }
        let mean = draws.reduce(0, +) / 20000
        let variance = draws.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 20000
        #expect(abs(mean - 0.5) < 0.01)
        #expect(abs(variance * 4 * (2 * parameter + 1) - 1) < 0.05)
        #expect(draws.allSatisfy { (0...1).contains($0) })
    }

    /// The side of a box is the root of a share that is uniform, so that its mean area is a half
    /// before the borders cut it.
    @Test func boxesLieWithinTheImage() {
        let boxes = mixing { $0.mixup = 0 }.parts.compactMap {
            if case .outside(let box) = $0 { box } else { nil }
        }
        #expect(
            boxes.allSatisfy {
                $0.top >= 0 && $0.top + $0.height <= 32 && $0.left >= 0 && $0.left + $0.width <= 48
            })
        let inner = boxes.filter {
            $0.top > 0 && $0.left > 0 && $0.top + $0.height < 32 && $0.left + $0.width < 48
        }
        // Whole boxes have the image's shape.
        #expect(inner.allSatisfy { abs(Double($0.width) - 1.5 * Double($0.height)) < 2.5 })
        #expect(inner.count > 300)
    }

    @Test func imagesAndLabelsAreMixedAlike() throws {
        let mixing = Mixing(
            parts: [.share(0.75), .outside(CropBox(top: 1, left: 0, height: 1, width: 2)), .share(1)],
            labelSmoothing: 0)
        let levels = (0..<3).flatMap { Array(repeating: Float($0), count: 4) }
        let (images, labels) = try mixing(
            Tensor(levels, shape: [3, 1, 2, 2]), Tensor([0, 1, 2]), classCount: 3)
        // The first and the last trade places; the middle one stands at its own mirror image.
        #expect(try images.array(of: Float.self) == [0.5, 0.5, 0.5, 0.5, 1, 1, 1, 1, 2, 2, 2, 2])
        #expect(labels.shape == [3, 3])
        #expect(try labels.array(of: Float.self) == [0.75, 0, 0.25, 0, 1, 0, 0, 0, 1])
    }

    @Test func aBoxIsFilledFromThePartner() throws {
        let mixing = Mixing(
            parts: [.outside(CropBox(top: 1, left: 0, height: 1, width: 2)), .share(1)], labelSmoothing: 0.1)
        let levels = [Float](repeating: 0, count: 6) + [Float](repeating: 1, count: 6)
        let (images, labels) = try mixing(
            Tensor(levels, shape: [2, 1, 2, 3]), Tensor([1, 0]), classCount: 2)
        #expect(try images.select(0, axis: 0).array(of: Float.self) == [0, 0, 0, 1, 1, 0])
        let found = try labels.array(of: Double.self)
        let kept = 4.0 / 6
        for (value, wanted) in zip(
            found, [kept * 0.05 + (1 - kept) * 0.95, kept * 0.95 + (1 - kept) * 0.05, 0.95, 0.05])
        {
            #expect(abs(value - wanted) < 1e-6)
        }
    }

    @Test func seedEpochAndSampleDecide() {
        #expect(mixing().parts == mixing().parts)
        let options = AugmentationOptions(enabled: true)
        let alone = Mixing(options, samples: [17], height: 32, width: 48, Epoch(seed: 3, number: 2))
        #expect(alone.parts[0] == mixing().parts[17])
        let other = Mixing(options, samples: [17], height: 32, width: 48, Epoch(seed: 3, number: 3))
        #expect(alone.parts != other.parts)
    }
}

@Suite struct AugmentationOptionsTests {
    @Test func valuesAreChecked() {
        #expect(AugmentationOptions().problem == nil)
        func problem(_ change: (inout AugmentationOptions) -> Void) -> String? {
            var options = AugmentationOptions()
            change(&options)
            return options.problem
        }
        #expect(problem { $0.smallestCrop = 0 }?.contains("smallestCrop") == true)
        #expect(problem { $0.largestCrop = 1.5 }?.contains("largestCrop") == true)
        #expect(problem { $0.narrowestCrop = 2 }?.contains("narrowestCrop") == true)
        #expect(problem { $0.flipProbability = .nan }?.contains("flipProbability") == true)
        #expect(problem { $0.colourJitter = -1 }?.contains("colourJitter") == true)
        #expect(problem { $0.mixup = -0.1 }?.contains("mixup") == true)
        #expect(problem { $0.corruptionProbability = 2 }?.contains("corruptionProbability") == true)
        #expect(problem { $0.largestSeverity = 6 }?.contains("largestSeverity") == true)
        #expect(problem { $0.labelSmoothing = 1 }?.contains("labelSmoothing") == true)
    }

    @Test func purposesHaveGeneratorsOfTheirOwn() {
        let epoch = Epoch(seed: 5, number: 1)
        var seen: Set<UInt64> = []
        for sample in 0..<50 {
            for purpose in [Epoch.Purpose.crop, .flip, .filter, .colour, .mix, .corruption] {
                var generator = epoch.generator(sample: sample, purpose)
                seen.insert(generator.next())
            }
        }
        #expect(seen.count == 300)
    }
}
