import Torch

/// The most memory that was occupied while some work ran.
enum PeakMemory {
    /// - Returns: what the work gives; on a GPU the most bytes that tensors occupied there, elsewhere the most bytes of
    ///   the process that were in memory, nil where the system does not let that count start anew.
    static func measure<Value>(
        on device: Device, _ work: () throws -> Value
    ) throws -> (value: Value, bytes: Int?) {
        guard device.type == .cpu else {
            try device.resetPeakMemory()
            return (try work(), try device.memory().peak)
        }
        let isReset = Runtime.resetPeakResidentBytes()
        let value = try work()
        return (value, isReset ? Runtime.peakResidentBytes : nil)
    }
}
