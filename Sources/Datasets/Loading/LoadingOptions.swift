import Foundation

/// How batches are prepared ahead of their use.
public struct LoadingOptions: Sendable, Equatable {
    /// Threads that prepare batches; 0 prepares each when it is asked for.
    public var workers: Int
    /// Batches that are ready or being prepared at any moment, which bounds the memory.
    public var inFlight: Int

    /// - Parameters:
    ///   - workers: nil takes one for each core.
    ///   - inFlight: nil takes two more than there are workers.
    public init(workers: Int? = nil, inFlight: Int? = nil) {
        self.workers = max(workers ?? ProcessInfo.processInfo.activeProcessorCount, 0)
        self.inFlight = max(inFlight ?? self.workers + 2, 1)
    }
}
