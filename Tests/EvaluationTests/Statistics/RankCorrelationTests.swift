import Testing

@testable import Evaluation

@Suite struct RankCorrelationTests {
    @Test func orderAloneCounts() {
        let up = RankCorrelation([1, 2, 3, 4], [-5, 0, 7, 1e9])
        let down = RankCorrelation([1, 2, 3, 4], [3, 2, 1, -8])
        #expect(up.value([1, 1, 1, 1]) == 1 && down.value([1, 1, 1, 1]) == -1)
        // Ranks 1 2 3 4 and 2 1 4 3: 1 - 6 · 4 / (4 · 15).
        let mixed = RankCorrelation([1, 2, 3, 4], [20, 10, 40, 30])
        #expect(abs((mixed.value([1, 1, 1, 1]) ?? 0) - 0.6) < 1e-12)
    }

    @Test func samplesThatCountTwiceAreTwo() throws {
        let counted = RankCorrelation([3, 1, 2, 9], [1, 5, 4, 2]).value([2, 1, 0, 3])
        let written = RankCorrelation([3, 3, 1, 9, 9, 9], [1, 1, 5, 2, 2, 2]).value([1, 1, 1, 1, 1, 1])
        #expect(abs(try #require(counted) - #require(written)) < 1e-12)
    }

    @Test func whatIsTheSameForAllHasNone() {
        #expect(RankCorrelation([1, 1, 1], [1, 2, 3]).value([1, 1, 1]) == nil)
        #expect(RankCorrelation([1, 2], [1, 2]).value([3, 0]) == nil)
        #expect(RankCorrelation([], []).value([]) == nil)
    }

    /// Pairs without a score do not count, and intervals and comparisons are of pairs.
    @Test func qualitiesOfPairs() throws {
        func run(_ cosines: [Float]) -> SampleRun {
            SampleRun(
                budget: 0.5,
                values: [
                    .similarity: cosines.flatMap { [$0, .nan] },
                    .score: (0..<cosines.count).flatMap { [Float($0), .nan] },
                ])
        }
        let (good, bad) = (run((0..<40).map { Float($0) }), run((0..<40).map { Float($0 * 7 % 40) }))
        #expect(Quality.spearman.value(good) == 1 && (Quality.spearman.value(bad) ?? 1) < 0.5)
        let terms = (try #require(Quality.spearman.terms(good)), try #require(Quality.spearman.terms(bad)))
        #expect(terms.0.values.count == 40)
        let difference = try #require(Bootstrap(drawCount: 200).difference(terms.0, terms.1))
        #expect(difference.excludesZero && difference.upper < 0)
        #expect(LoadQuarters(good, dense: nil, .spearman) == nil)
    }
}
