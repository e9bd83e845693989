/// A number over samples: the sum of some values divided by the sum of some weights.
public struct SampleTerms: Sendable, Equatable {
    /// `[samples]`.
    public let values: [Double]
    /// `[samples]`; 1 for a mean.
    public let weights: [Double]

    public init(values: [Double], weights: [Double]) {
        self.values = values
        self.weights = weights
    }

    /// A mean.
    public init(_ values: [Double]) {
        self.init(values: values, weights: Array(repeating: 1, count: values.count))
    }

    /// nil where the weights are all 0.
    public var quotient: Double? {
        let weight = weights.reduce(0, +)
        return weight > 0 ? values.reduce(0, +) / weight : nil
    }

    /// A share of one and the rest of another for each sample: what would come of drawing between them.
    func mixed(_ other: SampleTerms, share: Double) -> SampleTerms {
        func mix(_ a: [Double], _ b: [Double]) -> [Double] { zip(a, b).map { $0 * (1 - share) + $1 * share } }
        return SampleTerms(values: mix(values, other.values), weights: mix(weights, other.weights))
    }
}
