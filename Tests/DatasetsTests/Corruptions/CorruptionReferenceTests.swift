import Foundation
import Testing
import Torch

@testable import Datasets

/// Against what the package `imagenet-c` makes of the same images.
@Suite struct CorruptionReferenceTests {
    static let reports = ProcessInfo.processInfo.environment["ACM_REPORT_CORRUPTIONS"] != nil
    static let fixed: [Corruption] = [
        .defocusBlur, .zoomBlur, .brightness, .contrast, .pixelate, .jpegCompression,
    ]

    /// Ours and the reference's statistics: difference, three means, three deviations, three bands.
    struct Comparison {
        let severity: Int
        let image: Int
        let found: [Double]
        let wanted: [Double]
        /// Of the difference of two means over random draws.
        let error: [Double]

        func difference(_ statistic: Int) -> Double { abs(found[statistic] - wanted[statistic]) }

        func largestDifference(_ statistics: Range<Int>) -> Double {
            statistics.map(difference).max() ?? 0
        }

        func relativeDifference(_ statistic: Int) -> Double {
            difference(statistic) / max(wanted[statistic], 1)
        }
    }

    static func draws(_ corruption: Corruption) -> Int {
        switch corruption {
        case .frost: 20
        case .fog, .elasticTransform: 16
        case .snow, .motionBlur: 8
        default: fixed.contains(corruption) ? 1 : 4
        }
    }

    func comparisons(_ corruption: Corruption) throws -> [Comparison] {
        let reference = try ReferenceImages.golden("reference")
        let number = try #require(Corruption.allCases.firstIndex(of: corruption))
        let mean = try #require(reference["mean"]).select(number, axis: 0)
        let deviation = try #require(reference["deviation"]).select(number, axis: 0)
        let referenceDraws = try #require(reference["draws"]).array(of: Int.self)[number]
        let draws = Self.draws(corruption)
        let clean = try ReferenceImages.images()  // [3, 3, 224, 224]
        return try Corruption.severities.flatMap { severity in
            let all = try (0..<draws).map { draw in
                try ReferenceImages.statistics(
                    corruption.apply(clean, severity: severity, seed: UInt64(draw)),
                    clean: clean)
            }
            let found = try Tensor.stacked(all).mean(axis: 0)  // [3 images, 10]
            return try (0..<3).map { image in
                let spread = try deviation.select(severity - 1, axis: 0).select(image, axis: 0)
                    .array(of: Double.self)
                return Comparison(
                    severity: severity, image: image,
                    found: try found.select(image, axis: 0).array(of: Double.self),
                    wanted: try mean.select(severity - 1, axis: 0).select(image, axis: 0).array(
                        of: Double.self),
                    error: spread.map { $0 * (1 / Double(draws) + 1 / Double(referenceDraws)).squareRoot() })
            }
        }
    }

    @Test func imagesAreDrawnAsTheReferences() throws {
        let images = try ReferenceImages.images()
        let wanted = try #require(ReferenceImages.golden("reference")["clean"]).array(of: Double.self)
        let found = try ReferenceImages.statistics(images, clean: images).array(of: Double.self)
        for (found, wanted) in zip(found, wanted) {
            #expect(abs(found - wanted) < 1e-4 * max(wanted, 1))
        }
    }

    /// Where nothing is drawn, and for motion blur in one direction, the images are the reference's.
    @Test(arguments: fixed + [.motionBlur]) func imagesEqualTheReferences(_ corruption: Corruption) throws {
        let image = try ReferenceImages.images().slice(0..<1, axis: 0)
        let exact = try #require(ReferenceImages.golden("reference")["exact.\(corruption.rawValue)"])
        let found =
            corruption == .motionBlur
            ? try MotionBlur(radius: 15, deviation: 8)(image.to(nil, .float32), degrees: [20])
                .truncatedToPixels()
            : try corruption.apply(image, severity: 3, seed: 0)
        let grid = try Tensor((0..<56).map { $0 * 4 })
        let difference = try
            (found.squeezed(0).entries(grid, axis: 1).entries(grid, axis: 2).to(nil, .float32)
            - exact.to(nil, .float32)).absolute()
        let mean = try difference.mean().item(Double.self)
        #expect(mean < 0.5, "\(corruption.rawValue)")
        if Self.reports {
            let largest = try difference.maximum().item(Double.self)
            print("exact \(corruption.rawValue) mean \(mean) largest \(largest)")
        }
    }

    @Test(arguments: Corruption.allCases) func statisticsEqualTheReferences(_ corruption: Corruption) throws {
        let comparisons = try comparisons(corruption)
        #expect(comparisons.count == 15)
        if Self.reports { report(corruption, comparisons) }
        expectOrder(corruption, comparisons)
        // Our frost is drawn, the reference's is photographed.
        let (levels, share, bands) = corruption == .frost ? (12.0, 0.0, 0.35) : (0.5, 0.01, 0.04)
        for comparison in comparisons {
            let place = "\(corruption.rawValue) \(comparison.severity) image \(comparison.image)"
            for statistic in 0..<10 {
                let (found, wanted) = (comparison.found[statistic], comparison.wanted[statistic])
                let limit = statistic < 7 ? levels + share * wanted : 2 + bands * wanted
                let difference = abs(found - wanted)
                #expect(
                    difference < limit + 4 * comparison.error[statistic],
                    "\(place) statistic \(statistic): \(found), reference \(wanted)")
            }
        }
    }

    /// The drawn frost is like each of the photographs: brightness, colour, contrast, and how fine it is.
    @Test(arguments: 0..<5) func frostIsLikeItsPhotographs(kind: Int) throws {
        let wanted = try #require(ReferenceImages.golden("reference")["frost"]).select(kind, axis: 0)
            .array(of: Double.self)
        var random = try RandomStreams(seeds: Array(0..<16), device: .cpu)
        let size = ReferenceImages.size
        let frost = try FrostTexture(height: size, width: size, kind: kind)(&random, device: .cpu)
            .truncatedToPixels()
        let black = try frost.zerosLike()
        let found = try ReferenceImages.statistics(frost, clean: black).mean(axis: 0).array(of: Double.self)
        let variance = wanted[7...].reduce(0, +)
        for statistic in 0..<10 {
            // The mean of all and of red, green, blue; three deviations; three bands, which overlap a little.
            let limit =
                statistic < 4
                ? 6 : statistic < 7 ? 0.12 * wanted[statistic] : 0.25 * wanted[statistic] + 0.1 * variance
            #expect(
                abs(found[statistic] - wanted[statistic]) < limit,
                "kind \(kind) statistic \(statistic): \(found[statistic]), photographs \(wanted[statistic])")
        }
        if Self.reports {
            print(
                "frost \(kind)",
                zip(found, wanted).map { String(format: "%.0f/%.0f", $0, $1) }.joined(separator: " "))
        }
    }

    /// A higher severity is further from the clean image wherever it clearly is so with the reference,
    /// whose elastic transform, frost and fog are not in order throughout.
    private func expectOrder(_ corruption: Corruption, _ comparisons: [Comparison]) {
        func sums(_ value: (Comparison) -> Double) -> [Double] {
            Corruption.severities.map { severity in
                comparisons.filter { $0.severity == severity }.map(value).reduce(0, +)
            }
        }
        let (found, wanted) = (sums { $0.found[0] }, sums { $0.wanted[0] })
        var ordered = 0
        for level in 1..<5 where wanted[level] > 1.02 * wanted[level - 1] {
            #expect(found[level] > found[level - 1], "\(corruption.rawValue) \(level + 1)")
            ordered += 1
        }
        #expect(ordered >= 1, "\(corruption.rawValue)")
    }

    private func report(_ corruption: Corruption, _ comparisons: [Comparison]) {
        func largest(_ value: (Comparison) -> Double) -> String {
            String(format: "%.2f", comparisons.map(value).max() ?? 0)
        }
        func percent(_ statistic: Int) -> String {
            String(format: "%.1f %%", 100 * (comparisons.map { $0.relativeDifference(statistic) }.max() ?? 0))
        }
        print(
            "| `\(corruption.rawValue)` |", largest { $0.difference(0) }, "|",
            largest { $0.largestDifference(1..<4) }, "|", largest { $0.largestDifference(4..<7) }, "|",
            percent(7), "|", percent(8), "|", percent(9), "|")
    }
}
