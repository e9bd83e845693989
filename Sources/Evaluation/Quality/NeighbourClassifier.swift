import Torch

/// A classifier of frozen features that asks the nearest training samples.
///
/// `score_c(x) = Σ exp(cosine(x, xᵢ) / temperature)` over those of the k samples of largest cosine
/// whose label is c; the class of the highest score wins. With k = 1 it is the neighbour's class.
///
/// - Source: Wu et al. 2018, section 3.4; Caron et al. 2021 for k = 20 and the temperature.
public struct NeighbourClassifier {
    /// `[samples, width]`, of unit length.
    private let references: Tensor
    /// `[samples]` int64.
    private let labels: Tensor
    private let classCount: Int
    private let temperature: Double

    /// - Parameters:
    ///   - references: `[samples, width]` float32, of unit length.
    ///   - labels: `[samples]` int64 in 0 ..< `classCount`.
    ///   - classCount: number of classes.
    ///   - temperature: what similarities are divided by; a neighbour's vote is the exponential of that.
    /// - Throws: ``EvaluationError/mismatch(_:)`` for labels that do not fit the samples.
    public init(
        references: Tensor, labels: Tensor, classCount: Int, temperature: Double = 0.07
    ) throws {
        guard labels.shape == [try references.size(0)] else {
            throw EvaluationError.mismatch(
                "\(try references.size(0)) references have labels of shape \(labels.shape)")
        }
        self.references = references
        self.labels = labels
        self.classCount = classCount
        self.temperature = temperature
    }

    /// The class of each sample, for each number of neighbours.
    ///
    /// - Parameters:
    ///   - features: `[samples, width]` float32, of unit length.
    ///   - counts: numbers of nearest references that vote, each at least 1.
    /// - Returns: `[samples]` int64 for each of `counts`.
    /// - Throws: ``EvaluationError/tooFewSamples(needed:found:)`` for more neighbours than there are
    ///   references.
    public func classes(of features: Tensor, neighbours counts: [Int]) throws -> [Tensor] {
        let most = counts.max() ?? 1
        let available = try references.size(0)
        guard counts.allSatisfy({ $0 >= 1 }), most <= available else {
            throw EvaluationError.tooFewSamples(needed: max(most, 1), found: available)
        }
        let count = try features.size(0)
        let columns = try references.transposed(0, 1)  // [width, references]
        let stretch = 1024  // rows at a time, so that memory does not grow with the product
        var parts = counts.map { _ in [Tensor]() }
        for start in stride(from: 0, to: count, by: stretch) {
            let rows = start..<min(start + stretch, count)
            let nearest = try features.slice(rows, axis: 0).matmul(columns).largest(most)
            // Less the largest, so that no vote overflows.
            let top = try nearest.values.slice(0..<1, axis: -1)
            let weights = try ((nearest.values - top) / temperature).exponential().unsqueezed(-1)
            let votes =
                try labels.entries(nearest.indices.flattened())
                .reshaped([rows.count, most]).oneHot(classCount).to(nil, .float32) * weights
            for (index, neighbours) in counts.enumerated() {
                parts[index].append(
                    try votes.slice(0..<neighbours, axis: 1).sum(axis: 1).argMax(axis: -1))
            }
        }
        return try parts.map { $0.isEmpty ? try Tensor([Int]()) : try .concatenated($0) }
    }

    /// Share of the samples whose class is their label, for each number of neighbours.
    ///
    /// - Parameters: `features [samples, width]`, `labels [samples]` int64.
    public func accuracy(
        _ features: Tensor, labels: Tensor, neighbours counts: [Int]
    ) throws -> [Double] {
        try classes(of: features, neighbours: counts).map {
            try $0.equals(labels).to(nil, .float32).mean().item(Double.self)
        }
    }
}
