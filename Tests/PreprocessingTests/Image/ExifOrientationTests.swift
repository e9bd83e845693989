import Testing
import Torch

@testable import Preprocessing

@Suite struct ExifOrientationTests {
    /// TIFF data with one entry, in either order of bytes.
    private func exif(
        tag: UInt16 = 0x0112, type: UInt16 = 3, count: UInt32 = 1, value: UInt16 = 6, directory: UInt32 = 8,
        entries: UInt16 = 1, isLittle: Bool = true
    ) -> [UInt8] {
        func bytes<Number: FixedWidthInteger>(_ number: Number) -> [UInt8] {
            withUnsafeBytes(of: isLittle ? number.littleEndian : number.bigEndian, Array.init)
        }
        return (isLittle ? [0x49, 0x49] : [0x4D, 0x4D]) + bytes(UInt16(42)) + bytes(directory)
            + bytes(entries) + bytes(tag) + bytes(type) + bytes(count) + bytes(value) + [0, 0]
    }

    private func orientation(_ bytes: [UInt8]) -> ExifOrientation {
        bytes.withUnsafeBytes(ExifOrientation.init)
    }

    @Test(arguments: ExifOrientation.allCases) func readsBothOrdersOfBytes(wanted: ExifOrientation) {
        #expect(orientation(exif(value: wanted.rawValue)) == wanted)
        #expect(orientation(exif(value: wanted.rawValue, isLittle: false)) == wanted)
    }

    @Test func whatIsNotValidIsUpright() {
        for broken in [
            [], exif(tag: 0x0111), exif(type: 4), exif(count: 2), exif(value: 0), exif(value: 9),
            exif(directory: 9), exif(directory: .max), exif(entries: 0), [0x49, 0x4D] + exif().dropFirst(2),
            exif().enumerated().map { $0 == 2 ? 43 : $1 },
        ] {
            #expect(orientation(broken) == .upright)
        }
    }

    @Test func everyCutIsUpright() {
        let whole = exif()
        for length in 0..<whole.count - 2 { #expect(orientation(Array(whole[..<length])) == .upright) }
        #expect(orientation(exif(entries: .max)) == .turnedLeft)
    }

    /// `[[1, 2, 3], [4, 5, 6]]` turned in each way.
    @Test(
        arguments: [
            (1, [[1, 2, 3], [4, 5, 6]]), (2, [[3, 2, 1], [6, 5, 4]]), (3, [[6, 5, 4], [3, 2, 1]]),
            (4, [[4, 5, 6], [1, 2, 3]]), (5, [[1, 4], [2, 5], [3, 6]]), (6, [[4, 1], [5, 2], [6, 3]]),
            (7, [[6, 3], [5, 2], [4, 1]]), (8, [[3, 6], [2, 5], [1, 4]]),
        ] as [(UInt16, [[UInt8]])])
    func turnsTheRows(value: UInt16, rows: [[UInt8]]) throws {
        let stored = try Tensor([1, 2, 3, 4, 5, 6] as [UInt8], shape: [1, 2, 3])
        let turned = try #require(ExifOrientation(rawValue: value)).applied(to: stored)
        #expect(turned.shape == [1, rows.count, rows[0].count])
        #expect(try turned.array(of: UInt8.self) == rows.flatMap { $0 })
    }
}
