import Testing

@testable import Preprocessing

@Suite struct OggStreamTests {
    private func page(flags: UInt8 = 4, version: UInt8 = 0, segments: [[UInt8]]) -> [UInt8] {
        OggStream.capturePattern + [version, flags] + [UInt8](repeating: 1, count: 20)
            + [UInt8(segments.count)] + segments.map { UInt8($0.count) } + segments.flatMap { $0 }
    }

    private func isWhole(_ bytes: [UInt8]) -> Bool {
        bytes.withUnsafeBytes(OggStream.isWhole)
    }

    @Test func theLastPageMustBeCompleteAndMarked() {
        let first = page(flags: 2, segments: [[1, 2, 3]])
        let last = page(segments: [[4, 5], [6]])
        #expect(isWhole(first + last) && isWhole(last) && isWhole(page(segments: [])))
        #expect(isWhole(first + last + [9, 9, 9]))  // a tag behind it
        #expect(!isWhole(first) && !isWhole([]) && !isWhole([1, 2, 3]))
        #expect(!isWhole(last + OggStream.capturePattern) && !isWhole(last + first.prefix(26)))
        for length in 0..<(first + last).count { #expect(!isWhole(Array((first + last)[..<length]))) }
    }

    @Test func theSameLettersWithinASegmentAreNoPage() {
        let letters = OggStream.capturePattern + [7] + [UInt8](repeating: 0, count: 40)
        #expect(isWhole(page(segments: [letters])))
    }

    @Test func theTailHoldsTheLongestPage() {
        let longest = page(segments: [[UInt8]](repeating: [UInt8](repeating: 3, count: 255), count: 255))
        #expect(longest.count <= OggStream.tailByteCount && isWhole(longest))
    }
}
