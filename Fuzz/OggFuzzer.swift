/// Feeds an input of libFuzzer to the check of Ogg's last page. What is whole stays whole when bytes
/// that start no page follow.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOgg(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let input = UnsafeRawBufferPointer(start: start, count: count)
    guard OggStream.isWhole(input) else { return 0 }
    let longer = Array(input) + [0, 1, 2, 3]
    precondition(longer.withUnsafeBytes(OggStream.isWhole))
    return 0
}
