import Testing

@testable import Evaluation

@Suite struct BootstrapTests {
    /// 100 samples, half of them right: the interval is that of the binomial distribution, 0.5 ± 1.96 · 0.05.
    @Test func theIntervalOfAShareIsTheBinomials() throws {
        let terms = SampleTerms((0..<100).map { Double($0 % 2) })
        let interval = try #require(Bootstrap(drawCount: 4000).interval(terms))
        #expect(interval.estimate == 0.5 && interval.confidence == 0.95)
        #expect(abs(interval.lower - 0.402) < 0.015 && abs(interval.upper - 0.598) < 0.015)
        #expect(Bootstrap(drawCount: 4000).interval(terms) == interval)
    }

    @Test func quotientsAreOfSums() throws {
        // Two errors in four words and one in one: 3 / 5, not the mean of 0.5 and 1.
        let terms = SampleTerms(values: [2, 1], weights: [4, 1])
        #expect(terms.value == 0.6)
        let interval = try #require(Bootstrap().interval(terms))
        #expect(interval.lower == 0.5 && interval.upper == 1)
    }

    /// Samples that change alike leave nothing to chance, however much they differ among themselves.
    @Test func pairsTakeOutWhatSamplesShare() throws {
        let first = SampleTerms((0..<50).map { Double($0 * $0) })
        let second = SampleTerms((0..<50).map { Double($0 * $0) + 3 })
        let difference = try #require(Bootstrap().difference(first, second))
        #expect(abs(difference.lower - 3) < 1e-9 && abs(difference.upper - 3) < 1e-9)
        #expect(difference.excludesZero)
        let none = try #require(Bootstrap().difference(first, first))
        #expect(none.estimate == 0 && !none.excludesZero)
    }

    @Test func nothingGivesNothing() {
        #expect(Bootstrap().interval(SampleTerms([])) == nil)
        #expect(Bootstrap().interval(SampleTerms(values: [0], weights: [0])) == nil)
        #expect(Bootstrap().difference(SampleTerms([1]), SampleTerms([1, 2])) == nil)
        #expect(Quantile.of(0.5, ascending: []) == 0 && Quantile.of(0.25, ascending: [0, 4]) == 1)
    }
}
