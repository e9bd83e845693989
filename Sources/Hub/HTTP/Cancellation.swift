import Synchronization

/// Lets one worker end the others.
final class Cancellation: Sendable {
    private let flag = Atomic(false)

    var isCancelled: Bool { flag.load(ordering: .relaxed) }

    func cancel() { flag.store(true, ordering: .relaxed) }

    /// - Throws: `TransferError.cancelled`.
    func check() throws {
        if isCancelled { throw TransferError.cancelled }
    }
}
