/// The one thing about Ogg that its decoders do not tell: whether the last page is there.
///
/// A page is `OggS`, a version of 0, flags (4: the last of its stream), 20 bytes of numbers, the number
/// of segments, their lengths of a byte each, and the segments.
/// - Source: RFC 3533, section 6.
enum OggStream {
    static let capturePattern: [UInt8] = [0x4F, 0x67, 0x67, 0x53]  // "OggS"

    /// Enough bytes from the end of a file to hold its last page: the longest has 255 segments of 255
    /// bytes; the rest is for tags that some programs append.
    static let tailByteCount = 27 + 255 + 255 * 255 + 4096

    /// Whether the last page in these bytes is complete and marked as its stream's last.
    static func isWhole(_ tail: UnsafeRawBufferPointer) -> Bool {
        for start in stride(from: tail.count - 4, through: 0, by: -1)
        where tail[start] == capturePattern[0] && tail[start..<start + 4].elementsEqual(capturePattern) {
            let page = tail[start...]
            if page.count > 4, page[start + 4] != 0 { continue }  // by chance within a segment
            guard page.count >= 27, page[start + 5] & 4 != 0 else { return false }
            let segmentCount = Int(page[start + 26])
            let lengths = page.dropFirst(27).prefix(segmentCount)
            return lengths.count == segmentCount
                && lengths.reduce(27 + segmentCount) { $0 + Int($1) } <= page.count
        }
        return false
    }
}
