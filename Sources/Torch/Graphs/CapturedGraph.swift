import CACM

/// What some work gave to a CUDA device, recorded once and launched as a whole: the host then no longer calls
/// operator by operator.
///
/// A launch reads the memory that the recorded run read, so new numbers are copied into the tensors that the work
/// takes. Results lie in memory of the graph's own, which the next launch overwrites: clone what must outlive it.
///
/// What the work copies from the host to the device is a constant of the graph, and must be the same in each of
/// its runs. It must not bring anything from the device to the host, nor call operators that wait for the device,
/// such as those whose results' sizes depend on numbers.
public final class CapturedGraph {
    /// What the recorded run gave; undefined before the first ``replay()``.
    public let results: [Tensor]
    private let handle: OpaquePointer
    /// Read by the graph.
    private let constants: HostConstants

    /// Runs some work to warm up, then records it.
    ///
    /// - Parameters:
    ///   - device: of CUDA; work on others is not recorded.
    ///   - warmUpCount: runs before, for what only a first call sets up.
    ///   - work: gives the same operators to the device in each run.
    /// - Throws: ``TorchError/unavailable(_:)`` where there are no CUDA graphs; ``TorchError/failure(_:)`` for work
    ///   that cannot be recorded, with the operator that waits; what `work` throws.
    public init(on device: Device, warmUpCount: Int = 2, _ work: () throws -> [Tensor]) throws {
        try NativeLibrary.open()
        let constants = HostConstants()
        var outcome: Result<[Tensor], any Error> = .success([])
        var handle: OpaquePointer?
        let status = withoutActuallyEscaping(work) { work in
            var run = Run { isRecorded in
                outcome = Result { try constants.using(isRecorded: isRecorded, work) }
                return (try? outcome.get()) != nil
            }
            return withUnsafeMutablePointer(to: &run) { run in
                acm_graph_capture(
                    device.type.code, Int32(device.index), Int32(clamping: warmUpCount),
                    { context, isRecorded in
                        context?.assumingMemoryBound(to: Run.self).pointee.body(isRecorded) ?? false
                    }, run, &handle)
            }
        }
        results = try outcome.get()
        try check(status)
        guard let handle else { throw TorchError.failure("a graph was not recorded on \(device)") }
        self.handle = handle
        self.constants = constants
    }

    deinit {
        acm_graph_free(handle)
    }

    /// Launches the graph after the work that this thread has given to the device, and does not wait for it.
    public func replay() throws {
        try withExtendedLifetime(self) { try check(acm_graph_replay(handle)) }
    }

    private struct Run {
        let body: (Bool) -> Bool
    }
}
