/// A number over samples: the sum of some values divided by the sum of some weights, or Spearman's rank correlation
/// of both.
public struct SampleTerms: Sendable, Equatable {
    /// `[samples]`.
    public let values: [Double]
    /// `[samples]`; 1 for a mean.
    public let weights: [Double]
    /// Whether the number is the rank correlation of the values with the weights, not their quotient.
    public let isCorrelation: Bool

    public init(values: [Double], weights: [Double], isCorrelation: Bool = false) {
        self.values = values
        self.weights = weights
        self.isCorrelation = isCorrelation
    }

    /// A mean.
    public init(_ values: [Double]) {
        self.init(values: values, weights: Array(repeating: 1, count: values.count))
    }

    /// nil where the weights are all 0, or for a correlation where either is the same for all samples.
    public var value: Double? { statistic()(Array(values.indices)) }

    /// What gives the number over some of the samples, by their places; one may be among them several times.
    func statistic() -> ([Int]) -> Double? {
        guard isCorrelation else {
            return { places in
                var (value, weight) = (0.0, 0.0)
                for place in places {
                    value += values[place]
                    weight += weights[place]
                }
                return weight > 0 ? value / weight : nil
            }
        }
        let correlation = RankCorrelation(values, weights)
        return { places in
            var counts = [Int](repeating: 0, count: values.count)
            for place in places { counts[place] += 1 }
            return correlation.value(counts)
        }
    }

    /// A share of one and the rest of another for each sample: what would come of drawing between them; of a
    /// correlation, that of the mixed numbers.
    func mixed(_ other: SampleTerms, share: Double) -> SampleTerms {
        func mix(_ a: [Double], _ b: [Double]) -> [Double] { zip(a, b).map { $0 * (1 - share) + $1 * share } }
        return SampleTerms(
            values: mix(values, other.values), weights: mix(weights, other.weights),
            isCorrelation: isCorrelation)
    }
}
