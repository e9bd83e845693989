import Foundation

/// What a run is judged by: a mean over samples, a quotient of two sums, or a correlation.
public enum Quality: String, CaseIterable, Sendable {
    case top1, top5, probe, spearman, cosine, neighbours, loss
    case wordErrorRate = "wer"
    case characterErrorRate = "cer"

    /// What is summed, and for a quotient what it is divided by; or what is correlated.
    private var measures: (Measure, Measure?) {
        switch self {
        case .top1: (.top1, nil)
        case .top5: (.top5, nil)
        case .probe: (.probe, nil)
        case .spearman: (.similarity, .score)
        case .cosine: (.cosine, nil)
        case .neighbours: (.neighbour, nil)
        case .loss: (.loss, nil)
        case .wordErrorRate: (.wordErrors, .words)
        case .characterErrorRate: (.characterErrors, .characters)
        }
    }

    public var title: String {
        switch self {
        case .top1: "top-1 accuracy"
        case .top5: "top-5 accuracy"
        case .probe: "accuracy of a linear probe"
        case .spearman: "rank correlation with scores"
        case .cosine: "cosine with the dense model"
        case .neighbours: "nearest neighbours kept"
        case .loss: "cross-entropy"
        case .wordErrorRate: "word error rate"
        case .characterErrorRate: "character error rate"
        }
    }

    public var higherIsBetter: Bool {
        switch self {
        case .loss, .wordErrorRate, .characterErrorRate: false
        default: true
        }
    }

    /// Whether the number is a share that people read in per cent.
    var isShare: Bool { ![.cosine, .loss, .spearman].contains(self) }

    /// Whether each sample is either right or wrong.
    var isFlag: Bool { measures.0.isFlag || self == .neighbours }

    /// What the dense model has by definition, since it is what runs are compared with; nil else.
    var denseValue: Double? { self == .cosine || self == .neighbours ? 1 : nil }

    /// For each sample what is summed and what it is divided by; samples of which nothing is known count 0 in
    /// both. Of a correlation what is correlated, for each pair.
    ///
    /// - Returns: nil for a run that was not measured so.
    func terms(_ run: SampleRun) -> SampleTerms? {
        let (numerator, denominator) = measures
        guard let values = run.values[numerator] else { return nil }
        if let denominator {
            guard let weights = run.values[denominator] else { return nil }
            if self == .spearman {
                let pairs = zip(values, weights).filter { $0.isFinite && $1.isFinite }
                return SampleTerms(
                    values: pairs.map { Double($0.0) }, weights: pairs.map { Double($0.1) },
                    isCorrelation: true)
            }
            return SampleTerms(values: values.map(Double.init), weights: weights.map(Double.init))
        }
        return SampleTerms(
            values: values.map { $0.isNaN ? 0 : Double($0) }, weights: values.map { $0.isNaN ? 0 : 1 })
    }

    /// Over all samples of a run; nil for a run that was not measured so.
    public func value(_ run: SampleRun) -> Double? { terms(run)?.value }
}
