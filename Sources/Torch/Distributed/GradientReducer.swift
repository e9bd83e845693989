import CACM

/// Averages the gradients of parameters over the processes of a group, part by part while backward goes on.
///
/// Source: Li et al. 2020, section 3.2 (libtorch's own `Reducer`).
public final class GradientReducer {
    private let handle: OpaquePointer
    private let parameters: [Tensor]
    private let group: ProcessGroup

    /// - Parameters:
    ///   - parameters: those that require gradients, the same ones in each process.
    ///   - group: the processes.
    public init(_ parameters: [Tensor], _ group: ProcessGroup) throws {
        var made: OpaquePointer?
        let handles: [OpaquePointer?] = parameters.map(\.handle)
        try withExtendedLifetime((parameters, group)) {
            try check(
                acm_reducer_create(group.handle, handles, Int32(clamping: handles.count), &made))
        }
        guard let made else { throw TorchError.failure("the reducer of gradients has no handle") }
        handle = made
        self.parameters = parameters
        self.group = group
    }

    deinit { acm_reducer_free(handle) }

    /// Backward from a scalar; after it each parameter that any process used has the mean of all
    /// processes' gradients.
    ///
    /// - Throws: ``TorchError/lostProcess(_:)`` when another process ends or is late.
    public func backward(_ loss: Tensor) throws {
        try withExtendedLifetime(self) {
            try loss.withHandle { try check(acm_reducer_backward(handle, $0)) }
        }
    }
}
