import Synchronization

/// Adds up what several workers fetch, and reports each step, one at a time.
final class ProgressCounter: Sendable {
    private let progress = Mutex(FetchProgress())
    private let report: @Sendable (FetchProgress) -> Void

    init(_ report: @escaping @Sendable (FetchProgress) -> Void) { self.report = report }

    func add(_ byteCount: Int) {
        change {
            $0.byteCount &+= byteCount
            $0.awaitedFile = nil
        }
    }

    func expect(_ byteCount: Int) {
        change {
            // A server may say any size.
            let (sum, overflow) = $0.totalByteCount.addingReportingOverflow(byteCount)
            $0.totalByteCount = overflow ? Int.max : sum
        }
    }

    func wait(for file: String) { change { $0.awaitedFile = file } }

    private func change(_ body: (inout FetchProgress) -> Void) {
        progress.withLock {
            body(&$0)
            report($0)
        }
    }
}
