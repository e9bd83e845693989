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
