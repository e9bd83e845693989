import Testing

@testable import Torch

@Suite struct PatchProjectionTests {
    /// Against sums over the pixels of each patch; what is left of the image beyond whole patches does not count.
    @Test(arguments: [DataType.float32, .float64, .bfloat16], [[6, 8], [7, 11]])
    func projectsPatches(type: DataType, size: [Int]) throws {
        try Runtime.seed(2)
        let layer = try PatchProjection(channels: 3, outputWidth: 5, patchSize: [2, 4])
        try layer.weight.fillNormalInPlace(deviation: 0.3)
        try layer.bias.fillNormalInPlace()
        try layer.move(to: nil, type)
        let image = try Tensor.normal([2, 3] + size).to(nil, type)
        let (found, gradients) = try gradients(of: layer) { try layer(image) }
        #expect(found.shape == [2, 3, size[1] / 4, 5] && found.dataType == type)
        let tolerance = type == .bfloat16 ? 0.05 : 1e-5
        let exact = try layer.weight.detach().to(nil, .float64)
        for row in 0..<3 {
            for column in 0..<size[1] / 4 {
                let patch = try image.to(nil, .float64).slice(row * 2..<row * 2 + 2, axis: 2)
                    .slice(column * 4..<column * 4 + 4, axis: 3).unsqueezed(1)  // [2, 1, 3, 2, 4]
                let wanted = try (patch * exact).flattened(from: 2).sum(axis: -1) + layer.bias.detach()
                let difference = try found.select(row, axis: 1).select(column, axis: 1) - wanted
                #expect(try difference.absolute().maximum().item(Double.self) < tolerance)
            }
        }
        let slope = try #require(gradients["bias"]).array(of: Double.self)
        #expect(slope.allSatisfy { abs($0 - Double(2 * 3 * (size[1] / 4))) < 1e-4 })
        #expect(try #require(gradients["weight"]).shape == [5, 3, 2, 4])
    }

    private func gradients(
        of layer: PatchProjection, _ run: () throws -> Tensor
    ) throws -> (output: Tensor, gradients: [String: Tensor]) {
        for (_, tensor) in layer.parameters { _ = try tensor.setRequiresGradient() }
        let output = try run()
        try output.sum().backward()
        let pairs = try layer.parameters.map { ($0.name, try #require(try $0.tensor.gradient)) }
        return (try output.detach(), Dictionary(uniqueKeysWithValues: pairs))
    }
}
