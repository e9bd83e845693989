/// What the work of a ``CapturedGraph`` copies from the host to the device: copied once, and found there by its
/// place in the order of copies when the work runs again. A copy from the host cannot be recorded.
final class HostConstants: @unchecked Sendable {
    /// Of the work that is being run for a graph; only one thread runs it.
    @TaskLocal static var current: HostConstants?

    /// Whether what is given to the device now is recorded instead of run.
    private(set) var isRecording = false
    private var copies: [(host: Tensor, onDevice: Tensor)] = []
    private var next = 0

    func using<Value>(isRecorded: Bool, _ work: () throws -> Value) throws -> Value {
        (next, isRecording) = (0, isRecorded)
        defer { isRecording = false }
        return try Self.$current.withValue(self, operation: work)
    }

    /// The copy of a tensor on the host that `make` gives, made once.
    func copy(_ host: Tensor, _ device: Device, _ type: DataType, _ make: () throws -> Tensor) throws
        -> Tensor
    {
        defer { next += 1 }
        guard next < copies.count else {
            guard !isRecording else { throw Self.otherCopies }
            // Of its own, since the host may change the tensor.
            copies.append((try host.clone(), try make()))
            return copies[next].onDevice
        }
        let (known, onDevice) = copies[next]
        guard onDevice.device == device, onDevice.dataType == type, known.dataType == host.dataType,
            known.shape == host.shape, try known.equals(host).allTrue()
        else { throw Self.otherCopies }
        return onDevice
    }

    private static let otherCopies = TorchError.failure(
        "the work cannot be recorded as a CUDA graph: it copies other numbers from the host to the device each time"
    )

    /// - Throws: ``TorchError/failure(_:)`` where a tensor is brought to the host.
    static func refuseReading(_ tensor: Tensor) throws {
        guard current != nil else { return }
        throw TorchError.failure(
            "the work cannot be recorded as a CUDA graph: it brings a tensor of shape \(tensor.shape) from the device "
                + "to the host")
    }

    /// What a failed operator means while a graph is recorded.
    static func explained(_ error: TorchError, by name: String) -> TorchError {
        guard let current, current.isRecording, case .failure(let text) = error else { return error }
        let line = text.split(separator: "\n").first ?? ""
        return .failure("\(name) cannot be recorded as part of a CUDA graph: \(line)")
    }
}
