import Testing

@testable import Datasets

@Suite struct BatchPlanShareTests {
    /// Each row has one process, and its mirrored place the same one.
    @Test(arguments: [(8, 2), (8, 4), (12, 2), (6, 6), (6, 2)]) func placesAreADivision(
        rows: Int, processes: Int
    ) {
        let parts = (0..<processes).map {
            BatchPlan.places(of: $0, among: processes, rowCount: rows)
        }
        #expect(parts.flatMap(\.self).sorted() == Array(0..<rows))
        #expect(parts.allSatisfy { $0.count == rows / processes })
        for part in parts where part.count.isMultiple(of: 2) {
            #expect(zip(part, part.reversed()).allSatisfy { $0 + $1 == rows - 1 })
        }
    }

    @Test func sharesHaveTheSamplesOfTheirPlaces() {
        let plan = BatchPlan.inOrder([[10, 11, 12, 13], [20, 21, 22, 23]])
        let parts = (0..<2).map { plan.share(of: $0, among: 2) }
        #expect(parts[0][0]?.indices == [10, 13] && parts[1][0]?.indices == [11, 12])
        #expect(parts[1][1]?.indices == [21, 22] && parts[1][2] == nil)
        #expect(parts[0].passesOverEmpty)
    }
}
