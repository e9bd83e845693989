import CACM

/// Settings and facts of libtorch as a whole.
public enum Runtime {
    /// libtorch's version, for example `2.13.0`.
    public static func torchVersion() throws -> String {
        try NativeLibrary.open()
        var version: Int32 = 0
        try check(acm_runtime_torch_version(&version))
        return "\(version / 10000).\(version / 100 % 100).\(version % 100)"
    }

    /// libtorch's own description of how it was built, several lines.
    public static func torchConfiguration() throws -> String {
        try NativeLibrary.open()
        var text: UnsafePointer<CChar>?
        try check(acm_runtime_torch_configuration(&text))
        return text.map { String(cString: $0) } ?? ""
    }

    /// The instruction set that libtorch's CPU kernels use, for example `AVX512`.
    public static func cpuCapability() throws -> String {
        try NativeLibrary.open()
        var text: UnsafePointer<CChar>?
        try check(acm_runtime_cpu_capability(&text))
        return text.map { String(cString: $0) } ?? ""
    }

    /// Threads that work on one operator.
    public static func threadCount() throws -> Int {
        try NativeLibrary.open()
        var count: Int32 = 0
        try check(acm_runtime_thread_count(&count))
        return Int(count)
    }

    /// Sets the number of threads that work on one operator; results may differ in rounding
    /// between thread counts.
    public static func setThreadCount(_ count: Int) throws {
        try NativeLibrary.open()
        try check(acm_runtime_set_thread_count(Int32(clamping: count)))
    }

    /// Lets the C library keep what tensors on the host leave behind. Giving megabytes back after
    /// every operator and fetching them again costs a page fault for each 4 KiB; a program that runs
    /// models and little else calls this first.
    public static func keepFreedMemory() {
        acm_memory_keep_freed()
    }

    /// Bytes of the host that `malloc` has given out and not got back; nil where the C library does not tell.
    public static var allocatedBytes: Int? {
        let count = acm_memory_allocated()
        return count < 0 ? nil : Int(count)
    }

    /// Most bytes of host memory that the process has occupied at once; nil where the system does not tell.
    public static var peakResidentBytes: Int? {
        let count = acm_memory_peak()
        return count < 0 ? nil : Int(count)
    }

    /// Gives freed memory back to the system and makes ``peakResidentBytes`` start from what is left.
    ///
    /// - Returns: whether the system allows it; elsewhere the peak stays that of the whole process.
    public static func resetPeakResidentBytes() -> Bool { acm_memory_reset_peak() }

    /// Seeds libtorch's default random generators of all devices.
    public static func seed(_ seed: UInt64) throws {
        try NativeLibrary.open()
        try check(acm_runtime_seed(seed))
    }

    /// Tensor references handed out by the native library and not yet given back.
    public static func liveTensorCount() throws -> Int {
        try NativeLibrary.open()
        var count: Int64 = 0
        try check(acm_tensor_live_count(&count))
        return Int(count)
    }
}
