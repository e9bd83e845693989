import Testing

@testable import Evaluation

@Suite struct SpokenWordsTests {
    /// The path follows the weight: the rows have theirs in frames 0–1, 2–4 and 5.
    @Test func wordsBeginWhereTheWeightIs() {
        let weights: [[Float]] = [
            [9, 9, 0, 0, 0, 0],
            [0, 0, 9, 9, 9, 0],
            [0, 0, 0, 0, 0, 9],
        ]
        #expect(SpokenWords.starts(weights) == [0, 2, 5])
    }

    @Test func moreWordsThanFramesBeginTogether() {
        #expect(SpokenWords.starts([[1], [1], [1]]) == [0, 0, 0])
        #expect(SpokenWords.starts([[1, 0], [1, 0], [0, 1]]) == [0, 0, 1])
    }

    /// A single outlier goes, an edge stays; the ends are mirrored.
    @Test func mediansSmooth() {
        #expect(SpokenWords.smoothed([0, 0, 0, 0, 9, 0, 0, 0, 0]) == Array(repeating: 0, count: 9))
        #expect(SpokenWords.smoothed([0, 0, 0, 0, 1, 1, 1, 1]) == [0, 0, 0, 0, 1, 1, 1, 1])
        #expect(SpokenWords.smoothed([5, 1]) == [5, 1])
    }
}
