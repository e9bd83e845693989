import Foundation
import Testing

@testable import Preprocessing

@Suite struct CTCBeamSearchTests {
    /// Deterministic log-probabilities of some frames.
    func frames(_ count: Int, classes: Int, seed: Int) -> [Float] {
        var state = UInt64(seed) &* 2_654_435_761 &+ 12345
        return (0..<count).flatMap { _ in
            let weights = (0..<classes).map { _ -> Double in
                state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                return exp(3 * Double(state >> 11) * 0x1p-53)
            }
            let sum = weights.reduce(0, +)
            return weights.map { Float(log($0 / sum)) }
        }
    }

    /// Sums over all alignments, one by one.
    func exhaustive(_ scores: [Float], classes: Int, blank: Int) -> [[Int]: Double] {
        let count = scores.count / classes
        var sums: [[Int]: Double] = [:]
        for number in 0..<Int(pow(Double(classes), Double(count))) {
            var (rest, total) = (number, 0.0)
            var labels: [Int] = []
            var previous = -1
            for frame in 0..<count {
                let label = rest % classes
                rest /= classes
                total += Double(scores[frame * classes + label])
                if label != previous, label != blank { labels.append(label) }
                previous = label
            }
            sums[labels, default: 0] += exp(total)
        }
        return sums
    }

    @Test(arguments: [0, 1, 2], 0..<8) func aWideSearchIsExact(blank: Int, seed: Int) throws {
        let scores = frames(5, classes: 3, seed: seed)
        let wanted = exhaustive(scores, classes: 3, blank: blank)
        let beams = try CTCBeamSearch(width: 1000, blank: blank).search(scores, classCount: 3)
        #expect(beams.count == wanted.count)
        #expect(abs(beams.reduce(0) { $0 + exp($1.logProbability) } - 1) < 1e-6)
        for beam in beams {
            #expect(abs(exp(beam.logProbability) - wanted[beam.labels, default: 0]) < 1e-9)
        }
        #expect(beams.map(\.logProbability) == beams.map(\.logProbability).sorted(by: >))
        let best = wanted.max { $0.value < $1.value }
        #expect(beams.first?.labels == best?.key)
    }

    /// A narrow search never claims more than there is, and keeps no more than it may.
    @Test(arguments: [1, 2, 4]) func aNarrowSearchIsBelowTheExactOne(width: Int) throws {
        for seed in 0..<6 {
            let scores = frames(5, classes: 4, seed: seed)
            let wanted = exhaustive(scores, classes: 4, blank: 0)
            let beams = try CTCBeamSearch(width: width, blank: 0).search(scores, classCount: 4)
            #expect(beams.count == width)
            for beam in beams {
                #expect(exp(beam.logProbability) <= wanted[beam.labels, default: 0] + 1e-9)
            }
        }
    }

    /// Frame by frame the blank is best, yet "a" is likelier than nothing.
    @Test func sumsBeatTheBestAlignment() throws {
        let frame = [log(Float(0.6)), log(Float(0.4))]
        let beams = try CTCBeamSearch(width: 4, blank: 0).search(frame + frame, classCount: 2)
        #expect(beams[0].labels == [1])
        #expect(abs(exp(beams[0].logProbability) - 0.64) < 1e-6)
        #expect(abs(exp(beams[1].logProbability) - 0.36) < 1e-6)
    }

    @Test func nothingInNoFrames() throws {
        let beams = try CTCBeamSearch(width: 3, blank: 0).search([], classCount: 5)
        #expect(beams == [CTCBeamSearch.Beam(labels: [], logProbability: 0)])
    }

    @Test func impossibleArgumentsAreRefused() throws {
        #expect(try message { _ = try CTCBeamSearch(width: 0, blank: 0) }.contains("width of at least 1"))
        let search = try CTCBeamSearch(width: 2, blank: 3)
        #expect(try message { _ = try search.search([0, 0, 0], classCount: 3) }.contains("the blank 3"))
        #expect(
            try message { _ = try search.search([0, 0, 0], classCount: 4) }.contains("3 numbers"))
    }
}
