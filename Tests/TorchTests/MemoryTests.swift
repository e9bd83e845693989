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
}
