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

    /// Multiply-accumulates of one sample, mean over samples of these token counts.
    func macs(_ tokenCounts: [Int], load: Double) throws -> Double {
        var counts: [Int: Int] = [:]
        for count in tokenCounts { counts[count, default: 0] += 1 }
        let total = try counts.reduce(0.0) { sum, entry in
            try sum + Double(entry.value) * ModelCost(model, tokenCount: entry.key).total(load: load)
        }
        return total / Double(max(tokenCounts.count, 1))
    }
}
