/// One message in Protocol Buffers' encoding, field by field.
///
/// - Source: Protocol Buffers documentation, "Encoding".
struct ProtobufMessage: Equatable {
    private(set) var bytes: [UInt8] = []

    private enum WireType: UInt64 {
        case varint = 0
        case eightBytes = 1
        case lengthDelimited = 2
        case fourBytes = 5
    }

    mutating func add(_ field: Int, _ number: Int) {
        addKey(field, .varint)
        addVarint(UInt64(bitPattern: Int64(number)))
    }

    mutating func add(_ field: Int, _ number: Double) {
        addKey(field, .eightBytes)
        bytes += number.bitPattern.littleEndianBytes
    }

    mutating func add(_ field: Int, _ number: Float) {
        addKey(field, .fourBytes)
        bytes += number.bitPattern.littleEndianBytes
    }

    mutating func add(_ field: Int, _ text: String) { add(field, Array(text.utf8)) }
    mutating func add(_ field: Int, _ message: ProtobufMessage) { add(field, message.bytes) }

    /// Numbers in one piece, without a key for each.
    mutating func add(_ field: Int, packed numbers: [Double]) {
        add(field, numbers.flatMap(\.bitPattern.littleEndianBytes))
    }

    private mutating func add(_ field: Int, _ content: [UInt8]) {
        addKey(field, .lengthDelimited)
        addVarint(UInt64(content.count))
        bytes += content
    }

    private mutating func addKey(_ field: Int, _ type: WireType) {
        addVarint(UInt64(field) << 3 | type.rawValue)
    }

    /// Seven bits a byte, the lowest first; the top bit says that more come.
    private mutating func addVarint(_ number: UInt64) {
        var rest = number
        while rest >= 0x80 {
            bytes.append(UInt8(rest & 0x7F) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
    }
}

extension FixedWidthInteger {
    /// The bytes, the lowest first.
    var littleEndianBytes: [UInt8] { withUnsafeBytes(of: littleEndian, Array.init) }
}
