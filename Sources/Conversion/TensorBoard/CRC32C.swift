/// The checksum of TensorFlow's record files.
///
/// - Source: RFC 3720, appendix B.4 (CRC-32C, Castagnoli); `tsl/lib/hash/crc32c.h` for the mask.
enum CRC32C {
    /// Of each byte, the remainder by the reflected polynomial 0x1EDC6F41.
    private static let table: [UInt32] = (0..<256).map { byte in
        (0..<8).reduce(UInt32(byte)) { value, _ in
            value & 1 == 1 ? value >> 1 ^ 0x82F6_3B78 : value >> 1
        }
    }

    static func value(of bytes: some Sequence<UInt8>) -> UInt32 {
        ~bytes.reduce(~UInt32(0)) { table[Int(UInt8(truncatingIfNeeded: $0) ^ $1)] ^ $0 >> 8 }
    }

    /// Rotated and shifted, so that a checksum among checked bytes is no weakness.
    static func masked(_ bytes: some Sequence<UInt8>) -> UInt32 {
        let value = value(of: bytes)
        return (value >> 15 | value << 17) &+ 0xA282_EAD8
    }
}
