/// One 512-byte header of a tar archive.
///
/// - Source: POSIX.1-2017, `pax`, "ustar Interchange Format"; the GNU tar manual, "Basic Tar Format".
struct TarHeader: Equatable {
    static let byteCount = 512

    let name: String
    /// Of the data behind the header.
    let size: Int
    let kind: UInt8

    /// nil for a block of zeros.
    ///
    /// - Throws: ``TarError``.
    init?(_ bytes: UnsafeRawBufferPointer, offset: Int) throws {
        guard bytes.contains(where: { $0 != 0 }) else { return nil }
        func field(_ range: Range<Int>) -> UnsafeRawBufferPointer {
            UnsafeRawBufferPointer(rebasing: bytes[range])
        }
        func refuse(_ problem: String) -> TarError { TarError(offset: offset, problem: problem) }

        // The checksum is over the header with blanks in the checksum's place. Old programs added
        // signed bytes.
        var sum = 0
        var signedSum = 0
        for (index, byte) in bytes.enumerated() {
            let counted = (148..<156).contains(index) ? UInt8(ascii: " ") : byte
            sum += Int(counted)
            signedSum += Int(Int8(bitPattern: counted))
        }
        guard let checksum = Self.number(field(148..<156)) else { throw refuse("expected a tar header") }
        guard checksum == sum || checksum == signedSum else {
            throw refuse("expected a tar header with the checksum \(sum), found \(checksum)")
        }
        guard let size = Self.number(field(124..<136)) else {
            throw refuse("the size of a member is not a number")
        }
        self.size = size
        kind = bytes[156]
        let isPosix = field(257..<263).elementsEqual("ustar\0".utf8)
        let prefix = isPosix ? Self.text(field(345..<500)) : ""
        let name = Self.text(field(0..<100))
        self.name = prefix.isEmpty ? name : "\(prefix)/\(name)"
    }

    /// Octal digits between blanks and zeros, or a big-endian number behind a byte of 0x80.
    static func number(_ field: UnsafeRawBufferPointer) -> Int? {
        guard let first = field.first else { return nil }
        if first & 0x80 != 0 {
            guard first == 0x80 else { return nil }  // negative
            var value = 0
            for byte in field.dropFirst() {
                let (product, overflow) = value.multipliedReportingOverflow(by: 256)
                guard !overflow, product <= .max - Int(byte) else { return nil }
                value = product + Int(byte)
            }
            return value
        }
        let digits = field.drop { $0 == UInt8(ascii: " ") }
            .prefix { $0 != 0 && $0 != UInt8(ascii: " ") }
        var value = 0
        for digit in digits {
            guard (UInt8(ascii: "0")...UInt8(ascii: "7")).contains(digit), value <= .max >> 3 else {
                return nil
            }
            value = value << 3 | Int(digit & 7)
        }
        return value
    }

    /// The bytes before the first zero.
    static func text(_ field: UnsafeRawBufferPointer) -> String {
        String(decoding: field.prefix { $0 != 0 }, as: UTF8.self)
    }
}
