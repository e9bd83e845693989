import Testing

@testable import Evaluation

@Suite struct LoadQuartersTests {
    @Test func partsAreByLoad() throws {
        let loads: [Float] = [0.8, 0.1, 0.7, 0.2, 0.6, 0.3, 0.5, 0.4]
        let right: [Float] = [0, 1, 0, 1, 0, 1, 1, 1]
        let run = SampleRun(budget: 0.5, values: [.load: loads, .top1: right])
        let dense = SampleRun(budget: nil, values: [.top1: Array(repeating: 1, count: 8)])
        let rows = try #require(LoadQuarters(run, dense: dense, .top1)).rows
        #expect(rows.map { ($0.load * 100).rounded() } == [15, 35, 55, 75])
        #expect(rows.map(\.value) == [1, 1, 0.5, 0] && rows.allSatisfy { $0.dense == 1 })
        #expect(LoadQuarters(run, dense: nil, .wordErrorRate) == nil)
        #expect(
            LoadQuarters(SampleRun(budget: 1, values: [.load: [1], .top1: [1]]), dense: nil, .top1) == nil)
    }

    @Test func histogramsAreInPerCent() {
        let points = SampleLoadHistogram.points([0.5, 0.5, 0.5, 0.53])
        #expect(points.map(\.y) == [0, 75, 25, 0] && abs(points[1].x - 0.51) < 1e-12)
        #expect(SampleLoadHistogram.points([.nan]).isEmpty)
        #expect(SampleLoadHistogram.points([0, 1]).map(\.y).reduce(0, +) == 100)
    }
}
