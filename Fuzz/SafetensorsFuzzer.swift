/// Feeds an input of libFuzzer to the reader of safetensors headers: once as a whole file, and once
/// as a header behind its right length, with as many bytes of data as the input's first byte says.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzSafetensors(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let input = UnsafeRawBufferPointer(start: start, count: count)
    checkFile(input)
    if let dataByteCount = input.first {
        let header = input.dropFirst()
        var file = withUnsafeBytes(of: UInt64(header.count).littleEndian, Array.init)
        file.append(contentsOf: header)
        file.append(contentsOf: repeatElement(0, count: Int(dataByteCount)))
        file.withUnsafeBytes(checkFile)
    }
    return 0
}

/// Checks that the tensors of a file that is accepted lie within it, one upon the other, each as
/// long as its shape; and that a refusal gives a message.
private func checkFile(_ bytes: UnsafeRawBufferPointer) {
    do {
        let header = try SafetensorsHeader(bytes, file: "fuzz")
        precondition(Set(header.names) == Set(header.entries.keys))
        var end: Int?
        for name in header.names {
            guard let entry = header.entries[name] else { preconditionFailure("no entry") }
            precondition(entry.name == name && (end == nil || entry.range.lowerBound == end))
            precondition(entry.range.count == entry.dataType.byteCount(of: entry.shape))
            for byte in bytes[entry.range] { checksum &+= byte }  // for the address sanitizer
            end = entry.range.upperBound
        }
        precondition(end == nil || end == bytes.count)
    } catch let error as SafetensorsError {
        precondition(error.description.utf8.count < 2_000)
    } catch {
        preconditionFailure("an error of another kind: \(error)")
    }
}

/// Keeps the reads of `checkFile` from being optimised away.
nonisolated(unsafe) private var checksum: UInt8 = 0
