import CACM

/// The processes of one run, on one machine or several, and what they do together.
///
/// All processes call the same methods in the same order. Tensors on the host go through libtorch's Gloo,
/// those on CUDA devices through NCCL. What waits for another process throws
/// ``TorchError/lostProcess(_:)`` when that one ends or is late.
public final class ProcessGroup {
    /// How numbers of all processes become one.
    public enum Reduction: Sendable {
        case sum, maximum

        var code: Int32 {
            switch self {
            case .sum: ACM_SUM
            case .maximum: ACM_MAXIMUM
            }
        }
    }

    /// Number of this process, from 0.
    public let rank: Int
    /// Number of processes.
    public let size: Int
    let handle: OpaquePointer

    /// Meets the other processes.
    ///
    /// - Parameters:
    ///   - launch: which process this is, and where they meet.
    ///   - device: where its tensors lie; on a CUDA device those of the host go between processes too.
    ///   - timeout: seconds that it waits for another process, now and later.
    /// - Throws: ``TorchError/lostProcess(_:)`` where they do not meet in time, ``TorchError/unavailable(_:)``
    ///   where the port is taken or the native library was built without NCCL.
    public init(_ launch: ProcessLaunch, device: Device = .cpu, timeout: Double) throws {
        try NativeLibrary.open()
        var made: OpaquePointer?
        try check(
            acm_process_group_create(
                Int32(clamping: launch.rank), Int32(clamping: launch.size), launch.host,
                Int32(clamping: launch.port), device.type.code, Int64((timeout * 1000).rounded()), &made))
        guard let made else { throw TorchError.failure("the group of processes has no handle") }
        handle = made
        rank = launch.rank
        size = launch.size
    }

    deinit { acm_process_group_free(handle) }

    /// Whether this is process 0, which writes files and reports.
    public var isFirst: Bool { rank == 0 }

    /// Replaces the elements of a contiguous tensor by what all processes' become.
    public func reduceInPlace(_ tensor: Tensor, _ reduction: Reduction = .sum) throws {
        try withExtendedLifetime(self) {
            try tensor.withHandle { try check(acm_process_group_all_reduce(handle, $0, reduction.code)) }
        }
    }

    /// The elementwise sum over all processes, without a gradient.
    public func sum(_ tensor: Tensor) throws -> Tensor {
        let copy = try tensor.detach().contiguous().clone()
        try reduceInPlace(copy)
        return copy
    }

    /// The tensors of all processes, which have one shape: `[processes, …]`.
    public func gathered(_ tensor: Tensor) throws -> Tensor {
        let own = try tensor.detach().contiguous()
        return try withExtendedLifetime(self) {
            try own.withHandle { own in
                var all: OpaquePointer?
                try check(acm_process_group_all_gather(handle, own, &all))
                guard let all else { throw TorchError.failure("what was gathered has no handle") }
                return Tensor(owning: all)
            }
        }
    }

    /// Replaces the elements of a tensor by those that one process has.
    public func broadcastInPlace(_ tensor: Tensor, from root: Int = 0) throws {
        let dense = try tensor.detach().contiguous()
        try withExtendedLifetime(self) {
            try dense.withHandle {
                try check(acm_process_group_broadcast(handle, $0, Int32(clamping: root)))
            }
        }
        if !tensor.isContiguous { try withoutGradients { _ = try tensor.copyInPlace(from: dense) } }
    }

    /// A text of process 0; the others' own is not looked at.
    public func broadcast(_ text: String) throws -> String {
        let own = Array(text.utf8)
        let length = try Tensor(scalar: own.count)
        try broadcastInPlace(length)
        let bytes = try isFirst ? Tensor(own) : .zeros([length.item(Int.self)], .uint8)
        try broadcastInPlace(bytes)
        return String(decoding: try bytes.array(of: UInt8.self), as: UTF8.self)
    }

    /// Waits until all processes have come here.
    public func wait() throws {
        try withExtendedLifetime(self) { try check(acm_process_group_barrier(handle)) }
    }
}
