import Testing

@testable import Conversion

@Suite struct ProtobufMessageTests {
    /// The examples of the encoding's documentation, and numbers of all lengths.
    @Test func fieldsAreEncodedAsDocumented() {
        func bytes(_ build: (inout ProtobufMessage) -> Void) -> [UInt8] {
            var message = ProtobufMessage()
            build(&message)
            return message.bytes
        }
        #expect(bytes { $0.add(1, 150) } == [0x08, 0x96, 0x01])
        #expect(bytes { $0.add(2, "testing") } == [0x12, 0x07] + Array("testing".utf8))
        #expect(
            bytes { outer in
                var inner = ProtobufMessage()
                inner.add(1, 150)
                outer.add(3, inner)
            } == [0x1A, 0x03, 0x08, 0x96, 0x01])
        #expect(bytes { $0.add(1, -2) } == [0x08, 0xFE] + Array(repeating: 0xFF, count: 8) + [0x01])
        #expect(bytes { $0.add(1, 0) } == [0x08, 0x00])
        #expect(bytes { $0.add(16, 127) } == [0x80, 0x01, 0x7F])
        #expect(bytes { $0.add(1, 1.0) } == [0x09, 0, 0, 0, 0, 0, 0, 0xF0, 0x3F])
        #expect(bytes { $0.add(2, Float(1)) } == [0x15, 0, 0, 0x80, 0x3F])
        #expect(bytes { $0.add(6, packed: [1]) } == [0x32, 8, 0, 0, 0, 0, 0, 0, 0xF0, 0x3F])
        #expect(bytes { $0.add(2, String(repeating: "x", count: 200)) }.prefix(3) == [0x12, 0xC8, 0x01])
    }
}
