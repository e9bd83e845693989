import Testing

@testable import Torch

/// Alone in its time slot is not promised, so the count may include what other tests hold: it
/// must not grow with the number of calls.
@Suite(.serialized) struct MemoryTests {
    @Test func handlesAreGivenBack() throws {
        let x = try Tensor.ones([4])
        let before = try Runtime.liveTensorCount()
        for _ in 0..<100_000 { _ = try x + x }
        #expect(try Runtime.liveTensorCount() - before < 10_000)
    }

    @Test func handlesOfFailedCallsAreGivenBack() throws {
        let x = try Tensor.ones([2, 3])
        let before = try Runtime.liveTensorCount()
        for _ in 0..<20_000 { _ = try? x.matmul(x) }
        #expect(try Runtime.liveTensorCount() - before < 10_000)
    }
}
