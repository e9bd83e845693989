import AdaptiveComputation
import Torch
import Transformers

extension Objective {
    /// What a model says, as points whose squared distances tell how far two outputs are apart.
    ///
    /// Of a distribution `p` the point is `2√p`: half the squared distance is the divergence, for small ones. An embedding
    /// has length one; half the squared distance is one minus the cosine. So the squared derivatives of all points by a
    /// module's output tell how much an error of that output costs; their sum is the mean of `‖∂(r · points)‖²`
    /// over standard normal `r`.
    ///
    /// - Returns: `[batch, …, width]` float32, 0 for padding.
    /// - Source: Amari & Nagaoka 2000, section 2.6, for `2√p`; Hutchinson 1990 for the mean.
    func points(_ outputs: ModelOutputs, _ pass: ForwardPass, temperature: Double) throws -> Tensor {
        let mask: Tensor?
        switch self {
        case .embedding: return try SampleEmbedding.of(outputs, pass)
        case .classification: mask = nil
        case .ctc: mask = try Self.realFrames((outputs, pass))
        case .generation: mask = try Self.realTokens((outputs, pass), labels: nil)
        }
        let logits = try outputs.required("logits").to(nil, .float32)
        let points = try ((logits / temperature).logSoftmax() / 2).exponential() * 2
        return try mask.map { try points.masked($0.logicalNot().unsqueezed(-1), value: 0) } ?? points
    }
}
