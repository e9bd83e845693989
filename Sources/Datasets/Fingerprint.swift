/// A number that tells data apart: equal for equal content, different for other content but for a chance
/// of about 2⁻⁶⁴. No protection against intent.
///
/// - Source: FNV-1a (Fowler, Noll & Vo), 64 bits.
public struct Fingerprint: Sendable {
    public private(set) var value: UInt64 = 0xCBF2_9CE4_8422_2325

    public init() {}

    public mutating func add(_ number: UInt64) {
        value = (value ^ number) &* 0x100_0000_01B3
    }

    public mutating func add(_ numbers: [Int]?) {
        add(UInt64(bitPattern: Int64(numbers?.count ?? -1)))
        for number in numbers ?? [] { add(UInt64(bitPattern: Int64(number))) }
    }

    public mutating func add(_ text: String?) {
        add(UInt64(bitPattern: Int64(text?.utf8.count ?? -1)))
        for byte in (text ?? "").utf8 { add(UInt64(byte)) }
    }

    public mutating func add(_ bytes: UnsafeRawBufferPointer) {
        add(UInt64(bytes.count))
        for byte in bytes { add(UInt64(byte)) }
    }
}
