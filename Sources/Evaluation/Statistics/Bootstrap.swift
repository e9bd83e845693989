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
        guard let estimate = terms.value else { return nil }
        return interval(estimate, draws(terms.values.count, terms.statistic()).compactMap { $0 })
    }

    /// The interval of `second - first` over the same samples; nil where either is not known.
    ///
    /// - Parameters: as many samples each, in one order.
    public func difference(_ first: SampleTerms, _ second: SampleTerms) -> Interval? {
        guard first.values.count == second.values.count, let a = first.value, let b = second.value
        else { return nil }
        let (one, other) = (first.statistic(), second.statistic())
        let drawn = draws(first.values.count) { places -> Double? in
            guard let a = one(places), let b = other(places) else { return nil }
            return b - a
        }
        return interval(b - a, drawn.compactMap { $0 })
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
