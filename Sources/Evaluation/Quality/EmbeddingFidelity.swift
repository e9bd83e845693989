import Torch

/// How near one set of embeddings is to another of the same samples.
public enum EmbeddingFidelity {
    /// Mean over the samples of the cosine between the two embeddings of a sample.
    ///
    /// - Parameters: both `[samples, width]`.
    public static func meanCosine(_ first: Tensor, _ second: Tensor) throws -> Double {
        try Loss.cosineSimilarity(first, second).mean().item(Double.self)
    }

    /// For each sample the other sample of the largest cosine.
    ///
    /// - Parameter embeddings: `[samples, width]`, of unit length; at least two samples.
    /// - Returns: `[samples]` int64.
    /// - Throws: ``EvaluationError/tooFewSamples(needed:found:)``.
    public static func nearestNeighbours(_ embeddings: Tensor) throws -> Tensor {
        let count = try embeddings.size(0)
        guard count > 1 else { throw EvaluationError.tooFewSamples(needed: 2, found: count) }
        let numbers = try Tensor.range(0..<count, device: embeddings.device)
        let columns = try embeddings.transposed(0, 1)  // [width, samples]
        let stretch = 1024  // rows at a time, so that memory does not grow with the square
        let parts = try stride(from: 0, to: count, by: stretch).map { start in
            let rows = start..<min(start + stretch, count)
            let similarities = try embeddings.slice(rows, axis: 0).matmul(columns)  // [rows, samples]
            let own = try numbers.slice(rows, axis: 0).unsqueezed(-1).equals(numbers.unsqueezed(0))
            return try similarities.masked(own, value: -.infinity).argMax(axis: -1)
        }
        return try .concatenated(parts)
    }

    /// Share of the samples whose nearest neighbour is the same in both.
    ///
    /// - Parameters: both `[samples]`, as ``nearestNeighbours(_:)`` gives them.
    public static func agreement(_ first: Tensor, _ second: Tensor) throws -> Double {
        try first.equals(second).to(nil, .float32).mean().item(Double.self)
    }
}
