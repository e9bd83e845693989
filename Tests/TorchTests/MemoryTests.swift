import Foundation
import Testing

@testable import Torch

/// Alone in its time slot is not promised, so the count may include what other tests hold: it
/// must not grow with the number of calls.
@Suite(.serialized) struct MemoryTests {
    @Test func aMillionCallsLeaveNothingBehind() throws {
        let x = try Tensor.ones([4])
        let handles = try Runtime.liveTensorCount()
        let memory = try residentBytes()
        for _ in 0..<1_000_000 { _ = try x + x }
        #expect(try Runtime.liveTensorCount() - handles < 10_000)
        #expect(try residentBytes() - memory < 32 << 20)  // a leak of 100 bytes a call would be 95 MiB
    }

    private func residentBytes() throws -> Int {
        let pages = try String(contentsOfFile: "/proc/self/statm", encoding: .utf8).split(separator: " ")[1]
        return try #require(Int(pages)) * Int(sysconf(Int32(_SC_PAGESIZE)))
    }

    @Test func handlesOfFailedCallsAreGivenBack() throws {
        let x = try Tensor.ones([2, 3])
        let before = try Runtime.liveTensorCount()
        for _ in 0..<20_000 { _ = try? x.matmul(x) }
        #expect(try Runtime.liveTensorCount() - before < 10_000)
    }
}
