/// How far a classifier's confidence is from how often it is right: the expected calibration error.
///
/// Samples fall into bins by the probability of their likeliest class; the error is
/// `Σ bin samples / all samples · |share right - mean confidence|` over the bins.
///
/// - Source: Naeini, Cooper & Hauskrecht 2015; bins as torchmetrics has them, a confidence of exactly 1 alone in
///   its own.
public struct CalibrationError: Sendable, Equatable {
    private struct Bin: Equatable {
        var count = 0
        var rightCount = 0
        var confidence = 0.0
    }

    private var bins: [Bin]

    /// - Parameter binCount: bins of equal width over 0…1.
    public init(binCount: Int = 15) {
        bins = Array(repeating: Bin(), count: max(binCount, 1) + 1)
    }

    /// - Parameters:
    ///   - confidence: the probability of the likeliest class of each sample, 0…1.
    ///   - isRight: whether it is the label.
    public mutating func add(confidence: [Float], isRight: [Bool]) {
        let last = bins.count - 1
        for (value, right) in zip(confidence, isRight) {
            let bin = min(max(Int((Double(value) * Double(last)).rounded(.down)), 0), last)
            bins[bin].count += 1
            bins[bin].rightCount += right ? 1 : 0
            bins[bin].confidence += Double(value)
        }
    }

    /// 0…1; 0 without samples.
    public var value: Double {
        let all = Double(max(bins.reduce(0) { $0 + $1.count }, 1))
        return bins.reduce(0) { $0 + abs(Double($1.rightCount) - $1.confidence) / all }
    }
}
