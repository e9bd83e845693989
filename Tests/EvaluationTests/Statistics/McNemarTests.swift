import Testing

@testable import Evaluation

@Suite struct McNemarTests {
    /// Twice the tail of a fair coin, by hand; the last column counts the ways of as few or fewer.
    private static let cases: [(first: Int, second: Int, ways: Double)] = [
        (1, 9, 1 + 10), (9, 1, 1 + 10), (0, 5, 1), (2, 6, 1 + 8 + 28), (3, 7, 1 + 10 + 45 + 120),
    ]

    @Test(arguments: cases)
    func probabilities(_ first: Int, _ second: Int, _ ways: Double) {
        let throwCount = Double(1 << (first + second))
        #expect(
            abs(McNemar(firstAlone: first, secondAlone: second).probability - 2 * ways / throwCount) < 1e-12)
    }

    @Test(arguments: [(0, 1), (4, 4), (0, 0)])
    func nothingUnevenIsCertain(_ first: Int, _ second: Int) {
        #expect(McNemar(firstAlone: first, secondAlone: second).probability == 1)
    }

    @Test func manySamplesDoNotOverflow() {
        #expect(McNemar(firstAlone: 50_000, secondAlone: 50_000).probability == 1)
        let far = McNemar(firstAlone: 40_000, secondAlone: 60_000).probability
        #expect(far >= 0 && far < 1e-100)
    }

    @Test func onlySamplesOfOneSideCount() {
        let test = McNemar([1, 1, 0, 0, 1], [1, 0, 1, 0, 0])
        #expect(test == McNemar(firstAlone: 2, secondAlone: 1))
    }
}
