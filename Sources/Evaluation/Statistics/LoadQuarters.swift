/// The quality of samples by the load that they got, in four parts of equal size.
struct LoadQuarters {
    struct Row {
        let name: String
        /// Mean of the part.
        let load: Double
        let value: Double?
        let dense: Double?
    }

    let rows: [Row]

    /// nil for fewer than eight samples, where nothing is known of loads or quality, and for a correlation, which is
    /// of pairs.
    init?(_ run: SampleRun, dense: SampleRun?, _ quality: Quality) {
        guard let loads = run.values[.load], loads.count >= 8, quality != .spearman, quality.value(run) != nil
        else {
            return nil
        }
        let other = quality.denseValue == nil ? dense : nil
        let order = loads.indices.sorted { (loads[$0], $0) < (loads[$1], $1) }
        rows = ["cheapest quarter", "second", "third", "costliest quarter"].enumerated().map {
            quarter, name in
            let part = Array(order[quarter * order.count / 4..<(quarter + 1) * order.count / 4])
            return Row(
                name: name, load: part.reduce(0) { $0 + Double(loads[$1]) } / Double(part.count),
                value: quality.value(run.reordered(part)),
                dense: other.flatMap { quality.value($0.reordered(part)) })
        }
    }
}
