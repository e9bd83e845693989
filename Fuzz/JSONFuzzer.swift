/// Feeds an input of libFuzzer to the JSON parser.
///
/// What the parser accepts must print, in every format, to a text that it reads as the same
/// document; what it refuses must give a message.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzJSON(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let input = UnsafeRawBufferPointer(start: start, count: count)
    do {
        let value = try JSONValue(parsing: input)
        let compact = try value.text(.compact)
        for format in [JSONFormat.compact, .indented, .huggingFace] {
            let again = try JSONValue(parsing: value.text(format))
            let isSame = try again == value && again.text(.compact) == compact
            precondition(isSame, "does not survive printing: \(compact)")
        }
    } catch let error as JSONError {
        guard case .malformed(_, let line, let column, _, _) = error else {
            preconditionFailure("an error that parsing cannot have: \(error)")
        }
        precondition(line >= 1 && column >= 1 && error.description.utf8.count < 500)
    } catch {
        preconditionFailure("an error of another kind: \(error)")
    }
    return 0
}
