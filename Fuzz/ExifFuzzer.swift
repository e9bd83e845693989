/// Feeds an input of libFuzzer to the reader of Exif orientations: any bytes have one.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzExif(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let orientation = ExifOrientation(UnsafeRawBufferPointer(start: start, count: count))
    precondition((1...8).contains(orientation.rawValue))
    return 0
}
