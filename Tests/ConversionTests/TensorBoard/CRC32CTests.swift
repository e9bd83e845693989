import Testing

@testable import Conversion

@Suite struct CRC32CTests {
    /// RFC 3720, appendix B.4.
    static let cases: [([UInt8], UInt32)] = [
        (Array(repeating: 0, count: 32), 0x8A91_36AA), (Array(repeating: 0xFF, count: 32), 0x62A8_AB43),
        (Array(0...31), 0x46DD_794E), (Array("123456789".utf8), 0xE306_9283), ([], 0),
    ]

    @Test(arguments: cases)
    func valuesOfTheStandard(bytes: [UInt8], expected: UInt32) {
        #expect(CRC32C.value(of: bytes) == expected)
    }

    @Test func theMaskRotatesAndAdds() {
        // 0xE3069283 turned right by 15 bits is 0x2507C60D.
        #expect(CRC32C.masked(Array("123456789".utf8)) == 0x2507_C60D &+ 0xA282_EAD8)
    }
}
