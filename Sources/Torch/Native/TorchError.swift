import CACM
import Foundation

/// What the native library or libtorch refused.
public enum TorchError: LocalizedError, Equatable {
    /// A wrong name, kind, shape or size, given by the caller.
    case invalidArgument(String)
    /// Host or device memory is exhausted.
    case outOfMemory(String)
    /// libtorch failed; the text is its own.
    case failure(String)
    /// The native library or libtorch is not there.
    case unavailable(String)
    /// Another process of a ``ProcessGroup`` ended or did not answer in time.
    case lostProcess(String)
    /// A device was asked for, but there are only so many of its type.
    case missingDevice(Device, count: Int)

    public var errorDescription: String? {
        switch self {
        case .invalidArgument(let text), .failure(let text), .unavailable(let text): text
        case .lostProcess(let text): text.prefix(1).uppercased() + text.dropFirst() + "."
        case .outOfMemory(let text): "Out of memory: \(text)"
        case .missingDevice(let device, let count):
            "Device \(device) was asked for, but libtorch finds \(count) devices of type \(device.type.rawValue)."
        }
    }
}

/// Throws the error that a status of the native library stands for.
@inline(__always)
func check(_ status: Int32) throws {
    if status != ACM_OK { throw nativeError(status) }
}

private func nativeError(_ status: Int32) -> TorchError {
    let text = String(cString: acm_error_message())
    return switch status {
    case ACM_INVALID_ARGUMENT: .invalidArgument(text)
    case ACM_OUT_OF_MEMORY: .outOfMemory(text)
    case ACM_UNAVAILABLE: .unavailable(text)
    case ACM_LOST_PROCESS: .lostProcess(text)
    default: .failure(text)
    }
}
