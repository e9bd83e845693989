import Testing
import Torch
import Transformers

@Suite struct SampleEmbeddingTests {
    @Test func textsAreTheMeanOfRealTokens() throws {
        let states = try Tensor([3, 0, 0, 4, 100, 100, 1, 0, 5, 5, 5, 5] as [Float], shape: [2, 3, 2])
        let mask = try Tensor([true, true, false, true, false, false], shape: [2, 3])
        let found = try SampleEmbedding.pooled(states, mask: mask)
        #expect(found.shape == [2, 2])
        #expect(try largestError(found, Tensor([0.6, 0.8, 1, 0] as [Float], shape: [2, 2])) < 1e-6)
        let nothing = try SampleEmbedding.pooled(states, mask: mask.zerosLike())
        #expect(try nothing.equals(0).allTrue())
    }

    @Test func imagesAreTheirFirstToken() throws {
        let states = try Tensor([3, 4, 100, 100] as [Float], shape: [1, 2, 2])
        let found = try SampleEmbedding.pooled(states, mask: nil)
        #expect(try largestError(found, Tensor([0.6, 0.8] as [Float], shape: [1, 2])) < 1e-6)
    }

    /// The mean of an image is that of its patches, without class and register tokens.
    @Test func meansOfImagesLeaveOutLeadingTokens() throws {
        let model = try Goldens.model("dinov2_registers")
        let pass = ForwardPass()
        let outputs = try model(ModelInputs(Goldens.tensors("dinov2_registers", "inputs")), pass)
        let states = try outputs.required("last_hidden_state")
        let mean = try states.slice(4..<states.size(1), axis: 1).mean(axis: 1)
        let wanted = try mean / mean.norm(axes: [-1], keepDimension: true)
        let found = try SampleEmbedding.of(outputs, pass, pooling: .mean)
        let leading = pass.leadingTokenCount
        #expect(leading == 4)
        #expect(try largestError(found, wanted) < 1e-6)
        let first = try SampleEmbedding.pooled(states, mask: nil)
        let standard = try SampleEmbedding.of(outputs, pass)
        #expect(try largestError(standard, first) == 0)
    }

    @Test func meansOfTextsAreTheStandard() throws {
        let model = try Goldens.model("bert")
        let pass = ForwardPass()
        let outputs = try model(ModelInputs(Goldens.tensors("bert", "inputs")), pass)
        let means = try SampleEmbedding.of(outputs, pass, pooling: .mean)
        let standard = try SampleEmbedding.of(outputs, pass)
        #expect(try largestError(means, standard) == 0)
    }

    /// A classifier gives logits only; its last hidden state serves.
    @Test func classifiersKeepTheirHiddenStates() throws {
        let model = try Goldens.model("bert_classifier")
        let inputs = ModelInputs(try Goldens.tensors("bert_classifier", "inputs"))
        let pass = ForwardPass(keepsHiddenStates: true)
        let outputs = try model(inputs, pass)
        let found = try SampleEmbedding.of(outputs, pass)
        #expect(try largestError(found.norm(axes: [-1]), .ones([found.size(0)])) < 1e-6)
        #expect(throws: ModelError.self) {
            try SampleEmbedding.of(outputs, ForwardPass())
        }
    }
}
