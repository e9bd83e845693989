import AdaptiveComputation

/// One model at one budget.
struct CollectedRun {
    let model: AdaptiveModel
    /// The load that is asked for, 0…1; nil for a dense model.
    let budget: Double?

    /// What the model's gates chose over all samples.
    func meter(_ part: EvaluationPart.Run) throws -> LoadMeter {
        var meter = LoadMeter(model)
        guard !part.histograms.isEmpty else { return meter }
        try meter.replaceCounts { _ in part.histograms.flatMap { $0 } }
        return meter
    }

    /// The load over all samples, and multiply-accumulates of one sample, their mean.
    ///
    /// - Parameters:
    ///   - tokenCounts: of the samples.
    ///   - loads: of the samples.
    ///   - meter: what the model's gates chose over all samples.
    func cost(
        _ tokenCounts: [Int], loads: [Float]?, _ meter: LoadMeter
    ) throws -> (load: Double, macs: Double) {
        guard model.network is any SelfCosting, let loads else {
            return (meter.load, try macs(tokenCounts, load: meter.load))
        }
        var dense: [Int: Double] = [:]
        for count in Set(tokenCounts) { dense[count] = try ModelCost(model, tokenCount: count).total() }
        let whole = tokenCounts.reduce(0) { $0 + (dense[$1] ?? 0) }
        let spent = zip(tokenCounts, loads).reduce(0) { $0 + (dense[$1.0] ?? 0) * Double($1.1) }
        return (spent / max(whole, 1), spent / Double(max(tokenCounts.count, 1)))
    }

    private func macs(_ tokenCounts: [Int], load: Double) throws -> Double {
        var counts: [Int: Int] = [:]
        for count in tokenCounts { counts[count, default: 0] += 1 }
        let total = try counts.reduce(0.0) { sum, entry in
            try sum + Double(entry.value) * ModelCost(model, tokenCount: entry.key).total(load: load)
        }
        return total / Double(max(tokenCounts.count, 1))
    }
}
