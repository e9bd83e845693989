import Foundation

/// A file in a tar archive.
struct TarMember: Equatable {
    let name: String
    /// Where its bytes lie in the archive.
    let range: Range<Int>
}

/// Goes through the files of a tar archive from its start to its end; their bytes are passed over.
///
/// Reads ustar, GNU (long names) and PAX archives; folders and links are passed over. Nothing is
/// ever written, so names that lead elsewhere do no harm.
struct TarReader {
    /// The bytes of a range, fewer where the archive ends before.
    typealias Read = (_ range: Range<Int>) throws -> Data

    /// Names and PAX records may be so long.
    static let maximumRecordByteCount = 1 << 20

    private let byteCount: Int
    private let read: Read
    private var offset = 0
    /// What extended headers say of the next member.
    private var longName: String?
    private var longSize: Int?

    /// - Parameter byteCount: of the whole archive.
    init(byteCount: Int, read: @escaping Read) {
        self.byteCount = byteCount
        self.read = read
    }

    /// The next file; nil at the end of the archive.
    ///
    /// - Throws: ``TarError`` for an archive that ends too early, is damaged, or has sparse files or
    ///   parts in other archives; what `read` throws. The archive cannot be read on then.
    mutating func next() throws -> TarMember? {
        while let header = try nextHeader() {
            let start = offset
            let data = start + TarHeader.byteCount
            let kind = Character(UnicodeScalar(header.kind))
            let isRecord = "LKxXg".contains(kind)
            let size = isRecord ? header.size : longSize ?? header.size
            guard size <= byteCount - data else {
                throw TarError(
                    offset: start,
                    problem:
                        "the archive ends within \"\(Self.shown(longName ?? header.name))\", whose \(size) "
                        + "bytes begin at \(data) of \(byteCount)")
            }
            offset = min(data + (size + 511) / 512 * 512, byteCount)
            switch kind {
            case "L": longName = try record(data, size).withUnsafeBytes(TarHeader.text)
            case "x", "X": try addPaxRecords(record(data, size), at: start)
            case "K", "g": break
            case "S", "M":
                throw TarError(
                    offset: start,
                    problem: "\"\(Self.shown(longName ?? header.name))\" is "
                        + (kind == "S" ? "a sparse file, which is not read" : "continued elsewhere"))
            default:
                let name = longName ?? header.name
                longName = nil
                longSize = nil
                // Links, devices, folders and labels have other kinds than files.
                if "0\07".contains(kind), !name.hasSuffix("/") {
                    return TarMember(name: name, range: data..<data + size)
                }
            }
        }
        return nil
    }

    private func nextHeader() throws -> TarHeader? {
        guard offset < byteCount else {
            throw TarError(
                offset: offset, problem: "the archive ends without the empty block that closes one")
        }
        let bytes = try read(offset..<offset + TarHeader.byteCount)
        guard bytes.count == TarHeader.byteCount else {
            throw TarError(offset: offset, problem: "the archive ends within a header")
        }
        return try bytes.withUnsafeBytes { try TarHeader($0, offset: offset) }
    }

    /// A name as messages have it, which may be a mebibyte long.
    private static func shown(_ name: String) -> String {
        name.unicodeScalars.count > 300 ? String(name.unicodeScalars.prefix(300)) + "…" : name
    }

    private func record(_ data: Int, _ size: Int) throws -> [UInt8] {
        guard size <= Self.maximumRecordByteCount else {
            throw TarError(
                offset: data,
                problem: "an extended header has \(size) bytes, more than "
                    + "\(Self.maximumRecordByteCount)")
        }
        return [UInt8](try read(data..<data + size))
    }

    /// Records `length key=value\n`, of which `path` and `size` matter.
    private mutating func addPaxRecords(_ bytes: [UInt8], at start: Int) throws {
        func refuse(_ problem: String) -> TarError { TarError(offset: start, problem: problem) }
        var rest = bytes[...]
        while !rest.isEmpty, rest.first != 0 {
            let digits = rest.prefix { $0 != UInt8(ascii: " ") }
            guard let length = Int(String(decoding: digits, as: UTF8.self)), length > digits.count + 1,
                length <= rest.count
            else { throw refuse("an extended header has a record without its length") }
            let record = rest.dropFirst(digits.count + 1).prefix(length - digits.count - 1)
            rest = rest.dropFirst(length)
            guard let equals = record.firstIndex(of: UInt8(ascii: "=")), record.last == UInt8(ascii: "\n")
            else { throw refuse("an extended header has a record that is not key=value") }
            let value = String(decoding: record[(equals + 1)...].dropLast(), as: UTF8.self)
            switch String(decoding: record[..<equals], as: UTF8.self) {
            case "path": longName = value
            case "size":
                guard let size = Int(value), size >= 0 else { throw refuse("\"\(value)\" is not a size") }
                longSize = size
            case let key where key.hasPrefix("GNU.sparse."):
                throw refuse("\"\(Self.shown(longName ?? "a member"))\" is a sparse file, which is not read")
            default: break
            }
        }
    }
}
