import Datasets

/// Confidence intervals by drawing samples anew with replacement.
///
/// The bounds are percentiles of the draws. Nothing but the numbers and the seed decides them.
///
/// - Source: Efron & Tibshirani 1993, chapter 13; Koehn 2004 for pairs.
public struct Bootstrap: Sendable {
    public var drawCount: Int
    /// Of the interval, such as 0.95.
    public var confidence: Double
    public var seed: UInt64

    public init(drawCount: Int = 1000, confidence: Double = 0.95, seed: UInt64 = 0) {
        self.drawCount = max(drawCount, 1)
        self.confidence = confidence
        self.seed = seed
    }

    /// The interval of a number over samples; nil without samples.
    public func interval(_ terms: SampleTerms) -> Interval? {
        guard let estimate = terms.quotient else { return nil }
        return interval(estimate, draws(terms.values.count) { terms.sums(of: $0) }.compactMap(\.quotient))
    }

    /// The interval of `second - first` over the same samples; nil where either is not known.
    ///
    /// - Parameters: as many samples each, in one order.
    public func difference(_ first: SampleTerms, _ second: SampleTerms) -> Interval? {
        guard first.values.count == second.values.count, let a = first.quotient, let b = second.quotient
        else { return nil }
        let drawn = draws(first.values.count) { indices in
            (first.sums(of: indices), second.sums(of: indices))
        }
        return interval(
            b - a,
            drawn.compactMap { pair in
                guard let a = pair.0.quotient, let b = pair.1.quotient else { return nil }
                return b - a
            })
    }

    private func draws<Value>(_ count: Int, _ sum: ([Int]) -> Value) -> [Value] {
        guard count > 0 else { return [] }
        var generator = SplitMix64(seed: seed)
        var indices = [Int](repeating: 0, count: count)
        return (0..<drawCount).map { _ in
            for place in indices.indices {
                // The high half of a product of 64 bits is uniform without a division.
                indices[place] = Int(generator.next().multipliedFullWidth(by: UInt64(count)).high)
            }
            return sum(indices)
        }
    }

    private func interval(_ estimate: Double, _ values: [Double]) -> Interval? {
        guard !values.isEmpty else { return nil }
        let sorted = values.sorted()
        let tail = (1 - confidence) / 2
        return Interval(
            estimate: estimate, lower: Quantile.of(tail, ascending: sorted),
            upper: Quantile.of(1 - tail, ascending: sorted),
            confidence: confidence)
    }
}

extension SampleTerms {
    fileprivate func sums(of indices: [Int]) -> (values: Double, weights: Double, quotient: Double?) {
        var (value, weight) = (0.0, 0.0)
        for index in indices {
            value += values[index]
            weight += weights[index]
        }
        return (value, weight, weight > 0 ? value / weight : nil)
    }
}
