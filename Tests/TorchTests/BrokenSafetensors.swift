import Testing

/// A broken safetensors file, and words of the message that must tell what is wrong with it.
struct BrokenSafetensors: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let bytes: [UInt8]
    let message: String

    /// A file of these bytes.
    init(_ name: String, _ bytes: [UInt8], _ message: String) {
        testDescription = name
        self.bytes = bytes
        self.message = message
    }

    /// A file of this header and `data` bytes.
    init(_ name: String, header: String, data: Int = 0, _ message: String) {
        self.init(name, SafetensorsFixture.file(header: header, dataByteCount: data), message)
    }

    /// A file of one tensor, sound but for what is given.
    init(
        _ name: String, dataType: String = "F32", shape: String = "[2]",
        offsets: String = "[0,8]", data: Int = 8, _ message: String
    ) {
        let header = SafetensorsFixture.entry(
            "a", dataType: dataType, shape: shape, offsets: offsets)
        self.init(name, header: header, data: data, message)
    }

    /// A file of two tensors of bytes.
    init(
        _ name: String, first: String, second: String, secondShape: String = "[2]", data: Int,
        _ message: String
    ) {
        let header =
            #"{"a":{"dtype":"U8","shape":[2],"data_offsets":\#(first)},"#
            + #""b":{"dtype":"U8","shape":\#(secondShape),"data_offsets":\#(second)}}"#
        self.init(name, header: header, data: data, message)
    }
}
