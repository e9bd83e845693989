import Testing

@testable import Torch

/// Alone in its time slot is not promised, so the counts may include what other tests hold: they
/// must not grow with the number of calls.
@Suite(.serialized) struct MemoryTests {
    @Test func aMillionCallsLeaveNothingBehind() throws {
        let x = try Tensor.ones([4])
        let handles = try Runtime.liveTensorCount()
        let memory = try #require(Runtime.allocatedBytes)
        for _ in 0..<1_000_000 { _ = try x + x }
        #expect(try Runtime.liveTensorCount() - handles < 10_000)
        // A leak of 100 bytes a call would be 95 MiB. Resident memory also grows with huge pages.
        #expect(try #require(Runtime.allocatedBytes) - memory < 32 << 20)
    }

    @Test func handlesOfFailedCallsAreGivenBack() throws {
        let x = try Tensor.ones([2, 3])
        let before = try Runtime.liveTensorCount()
        for _ in 0..<20_000 { _ = try? x.matmul(x) }
        #expect(try Runtime.liveTensorCount() - before < 10_000)
    }

    @Test func thePeakStartsAnew() throws {
        let bytes = 64 << 20
        try Tensor.ones([bytes / 4]).withBytes { _ in }
        guard Runtime.resetPeakResidentBytes() else { return }
        let before = try #require(Runtime.peakResidentBytes)
        try Tensor.ones([bytes / 4]).withBytes { _ in }
        let peak = try #require(Runtime.peakResidentBytes)
        #expect(peak - before > bytes * 9 / 10)
        #expect(Runtime.resetPeakResidentBytes())
        #expect(peak - (try #require(Runtime.peakResidentBytes)) > bytes * 9 / 10)
    }
}
