/// How long a job took over some repeats, in milliseconds.
public struct Timing: Sendable, Equatable {
    /// Ascending.
    public let milliseconds: [Double]

    init(_ milliseconds: [Double]) {
        self.milliseconds = milliseconds.sorted()
    }

    public var median: Double { quantile(0.5) }

    /// The value below which a share of the repeats lies, between neighbours in proportion; 0 for
    /// no repeats.
    public func quantile(_ share: Double) -> Double { Quantile.of(share, ascending: milliseconds) }
}

/// Times several jobs in turns, so that a change of the machine's speed meets all of them alike.
enum InterleavedTiming {
    /// - Parameter jobs: each runs to its end, device included, before it returns.
    /// - Returns: the timing of each job, after one warm-up.
    static func measure(repeatCount: Int, _ jobs: [() throws -> Void]) throws -> [Timing] {
        let clock = ContinuousClock()
        for job in jobs { try job() }
        var times: [[Double]] = Array(repeating: [], count: jobs.count)
        for _ in 0..<repeatCount {
            for (index, job) in jobs.enumerated() {
                times[index].append(try clock.measure { try job() } / .milliseconds(1))
            }
        }
        return times.map(Timing.init)
    }
}
