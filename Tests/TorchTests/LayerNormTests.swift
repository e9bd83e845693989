import Testing

@testable import Torch

@Suite struct LayerNormTests {
    /// Sum and norm of it at once give what scale, addition and norm give, and the same gradients.
    @Test(arguments: [DataType.float32, .bfloat16], [false, true])
    func addsAndNormalises(type: DataType, isScaled: Bool) throws {
        try Runtime.seed(3)
        let norm = try LayerNorm(width: 24, epsilon: 1e-5)
        let scale = try isScaled ? LayerScale(width: 24) : nil
        let tensors = try [[2, 5, 24], [2, 5, 24], [24], [24], [24]].map {
            try Tensor.normal($0).to(nil, type)
        }
        try norm.move(to: nil, type)
        try scale?.move(to: nil, type)
        try withoutGradients {
            try norm.weight.copyInPlace(from: tensors[2])
            try norm.bias.copyInPlace(from: tensors[3])
            try scale?.scale.copyInPlace(from: tensors[4])
        }
        let learned = try [scale?.scale.setRequiresGradient()].compactMap { $0 }
        func results(_ compute: (Tensor, Tensor) throws -> (Tensor, Tensor)) throws -> [Tensor] {
            for tensor in learned { try tensor.clearGradient() }
            let leaves = try tensors[..<2].map { try $0.clone().setRequiresGradient() } + learned
            let (sum, normed) = try compute(leaves[0], leaves[1])
            try (sum.square().sum() + (normed * normed.detach().cosine()).sum()).backward()
            return try [sum, normed] + leaves.map { try #require(try $0.gradient) }
        }
        let found = try results { input, residual in
            let (sum, normed) = try norm(input, scaledBy: scale, addedTo: residual)
            return (sum, normed)
        }
        let wanted = try results { input, residual in
            let sum = try residual + (scale?(input) ?? input)
            return (sum, try norm(sum))
        }
        for (found, wanted) in zip(found, wanted) {
            #expect(found.dataType == type && found.shape == wanted.shape)
            #expect(try found.equals(wanted).allTrue())
        }
    }
}
