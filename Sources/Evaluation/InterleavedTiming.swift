/// Times several jobs in turns, so that a change of the machine's speed meets all of them alike.
enum InterleavedTiming {
    /// - Parameter jobs: each runs to its end, device included, before it returns.
    /// - Returns: for each job the median over the repeats, in milliseconds; after one warm-up.
    static func medians(repeatCount: Int, _ jobs: [() throws -> Void]) throws -> [Double] {
        let clock = ContinuousClock()
        for job in jobs { try job() }
        var times: [[Double]] = Array(repeating: [], count: jobs.count)
        for _ in 0..<repeatCount {
            for (index, job) in jobs.enumerated() {
                let duration = try clock.measure { try job() }
                times[index].append(duration / .milliseconds(1))
            }
        }
        return times.map(median)
    }

    /// The mean of the two middle values where their number is even; 0 for none.
    static func median(_ values: [Double]) -> Double {
        guard !values.isEmpty else { return 0 }
        let sorted = values.sorted()
        let middle = sorted.count / 2
        return sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
    }
}
