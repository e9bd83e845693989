/// How the stored rows of an image lie to the upright picture: the tag 0x0112 of Exif data.
///
/// - Source: Exif 2.3, section 4.6.4.A, and TIFF 6.0, section 2.
enum ExifOrientation: UInt16, CaseIterable {
    case upright = 1
    case mirrored = 2
    case upsideDown = 3
    case mirroredUpsideDown = 4
    case transposed = 5
    case turnedLeft = 6
    case transversed = 7
    case turnedRight = 8

    /// Reads Exif data, from their TIFF header on; upright where they say nothing valid.
    init(_ exif: UnsafeRawBufferPointer) {
        self = Self.find(exif).flatMap(Self.init(rawValue:)) ?? .upright
    }

    private static func find(_ exif: UnsafeRawBufferPointer) -> UInt16? {
        guard exif.count >= 8 else { return nil }
        let isLittle: Bool
        switch (exif[0], exif[1]) {
        case (0x49, 0x49): isLittle = true  // "II"
        case (0x4D, 0x4D): isLittle = false  // "MM"
        default: return nil
        }
        func half(at offset: Int) -> UInt16? {
            guard offset >= 0, offset + 2 <= exif.count else { return nil }
            let value = exif.loadUnaligned(fromByteOffset: offset, as: UInt16.self)
            return isLittle ? UInt16(littleEndian: value) : UInt16(bigEndian: value)
        }
        func word(at offset: Int) -> Int? {
            guard let first = half(at: offset), let second = half(at: offset + 2) else { return nil }
            return isLittle ? Int(second) << 16 | Int(first) : Int(first) << 16 | Int(second)
        }
        guard half(at: 2) == 42, let directory = word(at: 4), let entryCount = half(at: directory) else {
            return nil
        }
        for index in 0..<Int(entryCount) {
            let entry = directory + 2 + 12 * index
            guard let tag = half(at: entry) else { return nil }
            guard tag == 0x0112 else { continue }
            // One number of 16 bits, which stands in the entry itself.
            guard half(at: entry + 2) == 3, word(at: entry + 4) == 1 else { return nil }
            return half(at: entry + 8)
        }
        return nil
    }
}
