import Testing
import Torch

@testable import Baselines

@Suite struct BalancedKMeansTests {
    /// Points around far centres come together, whatever their order.
    @Test func farPointsArePartedByTheirCentre() throws {
        try Runtime.seed(1)
        let centres = try Tensor([0, 0, 100, 0, 0, 100] as [Float], shape: [3, 2])
        let numbers = (0..<12).map { $0 % 3 }
        let points = try centres.entries(Tensor(numbers)) + Tensor.uniform([12, 2])
        let order = try BalancedKMeans.cluster(points, clusterCount: 3, seed: 4)
        #expect(order.sorted() == Array(0..<12))
        for first in stride(from: 0, to: 12, by: 4) {
            #expect(Set(order[first..<first + 4].map { numbers[$0] }).count == 1, "\(order)")
        }
    }

    /// One cluster would have three of four points by distance alone; it has room for two.
    @Test func clustersAreOfOneSize() throws {
        let points = try Tensor([0, 0.1, 0.2, 10] as [Float], shape: [4, 1])
        let order = try BalancedKMeans.cluster(points, clusterCount: 2, seed: 0)
        #expect(order.sorted() == [0, 1, 2, 3])
    }
}
