import CACM
import Foundation

/// Where a tensor's memory lies and its operators run.
public struct Device: Sendable, Hashable, CustomStringConvertible {
    public enum DeviceType: String, Sendable {
        case cpu, cuda

        var code: Int32 {
            switch self {
            case .cpu: ACM_CPU
            case .cuda: ACM_CUDA
            }
        }
    }

    public let type: DeviceType
    /// Number among the devices of its type, from 0.
    public let index: Int

    public init(_ type: DeviceType, index: Int = 0) {
        self.type = type
        self.index = index
    }

    public static let cpu = Device(.cpu)
    public static let cuda = Device(.cuda)

    /// Reads `cpu`, `cuda` or `cuda:1`.
    public init?(_ text: String) {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard let type = DeviceType(rawValue: String(parts[0])), parts.count <= 2 else { return nil }
        guard parts.count == 2 else {
            self.init(type)
            return
        }
        guard type == .cuda, let index = Int(parts[1]), (0...127).contains(index) else { return nil }
        self.init(type, index: index)
    }

    public var description: String { type == .cpu ? "cpu" : "cuda:\(index)" }

    /// How many devices of a type there are.
    public static func count(of type: DeviceType) throws -> Int {
        try NativeLibrary.open()
        var count: Int32 = 0
        try check(acm_device_count(type.code, &count))
        return Int(count)
    }

    /// - Throws: ``TorchError/missingDevice(_:count:)`` when the device does not exist.
    public func requireAvailable() throws {
        let count = try Self.count(of: type)
        guard index < count else { throw TorchError.missingDevice(self, count: count) }
    }

    /// The maker's name of a CUDA device.
    public func name() throws -> String {
        try NativeLibrary.open()
        return try withUnsafeTemporaryAllocation(of: CChar.self, capacity: 256) { buffer in
            try check(acm_device_name(type.code, Int32(index), buffer.baseAddress, 256))
            return buffer.baseAddress.map { String(cString: $0) } ?? ""
        }
    }

    /// Waits until all work given to the device is done.
    public func synchronize() throws {
        try NativeLibrary.open()
        try check(acm_device_synchronize(type.code, Int32(index)))
    }

    /// Bytes in use now, held from the driver, and in use at most since the last reset.
    public func memory() throws -> (used: Int, reserved: Int, peak: Int) {
        try NativeLibrary.open()
        var used: Int64 = 0
        var reserved: Int64 = 0
        var peak: Int64 = 0
        try check(acm_device_memory(type.code, Int32(index), &used, &reserved, &peak))
        return (Int(used), Int(reserved), Int(peak))
    }

    /// Makes the peak of ``memory()`` start from what is in use now.
    public func resetPeakMemory() throws {
        try NativeLibrary.open()
        try check(acm_device_reset_peak_memory(type.code, Int32(index)))
    }
    /// Joules that an NVIDIA device has taken since its driver was loaded, some tens of milliseconds ago.
    ///
    /// - Throws: ``TorchError/unavailable(_:)`` where NVML does not tell it.
    public func energy() throws -> Double {
        try NativeLibrary.open()
        var millijoules: Int64 = 0
        try check(acm_device_energy(type.code, Int32(index), &millijoules))
        return Double(millijoules) / 1000
    }
}
