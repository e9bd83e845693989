/// How many samples got which load, in bins over 0…1.
enum SampleLoadHistogram {
    static let binCount = 50

    /// From one bin before the first that is not empty to one behind the last.
    ///
    /// - Returns: points at the middle of each bin, in per cent of the samples.
    static func points(_ loads: [Float]) -> [LinePlot.Point] {
        var bins = [Int](repeating: 0, count: binCount)
        for load in loads where load.isFinite {
            bins[min(max(Int(load * Float(binCount)), 0), binCount - 1)] += 1
        }
        guard let first = bins.firstIndex(where: { $0 > 0 }), let last = bins.lastIndex(where: { $0 > 0 })
        else {
            return []
        }
        return (max(first - 1, 0)...min(last + 1, binCount - 1)).map { bin in
            LinePlot.Point(
                x: (Double(bin) + 0.5) / Double(binCount),
                y: 100 * Double(bins[bin]) / Double(max(loads.count, 1)))
        }
    }
}
