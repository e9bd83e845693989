import Testing

@testable import Torch

@Suite struct LayerNormTests {
    /// Sum and norm of it at once give what addition and norm give, and the same gradients.
    @Test(arguments: [DataType.float32, .bfloat16]) func addsAndNormalises(type: DataType) throws {
        try Runtime.seed(3)
        let norm = try LayerNorm(width: 24, epsilon: 1e-5)
        let tensors = try [[2, 5, 24], [2, 5, 24], [24], [24]].map { try Tensor.normal($0).to(nil, type) }
        try norm.move(to: nil, type)
        try withoutGradients {
            try norm.weight.copyInPlace(from: tensors[2])
            try norm.bias.copyInPlace(from: tensors[3])
        }
        func results(_ compute: (Tensor, Tensor) throws -> (Tensor, Tensor)) throws -> [Tensor] {
            let leaves = try tensors[..<2].map { try $0.clone().setRequiresGradient() }
            let (sum, normed) = try compute(leaves[0], leaves[1])
            try (sum.square().sum() + (normed * normed.detach().cosine()).sum()).backward()
            return try [sum, normed] + leaves.map { try #require(try $0.gradient) }
        }
        let found = try results { input, residual in
            let (sum, normed) = try norm(input, addedTo: residual)
            return (sum, normed)
        }
        let wanted = try results { input, residual in
            let sum = try residual + input
            return (sum, try norm(sum))
        }
        for (found, wanted) in zip(found, wanted) {
            #expect(found.dataType == type && found.shape == [2, 5, 24])
            #expect(try found.equals(wanted).allTrue())
        }
    }
}
