import Foundation
import Torch

/// The lines of a text file, without their ends (`\n` or `\r\n`) and without a byte-order mark.
struct TextLines {
    /// Each line with its number, from 1. Lines that are not UTF-8 are left out.
    let lines: [(number: Int, text: String)]
    /// The lines that are not UTF-8, and the offset in the file of the first wrong byte.
    let broken: [(number: Int, offset: Int)]
    let file: String

    init(_ url: URL) throws {
        file = url.relativePath
        let mapped = try MappedFile(url)
        (lines, broken) = withExtendedLifetime(mapped) { Self.split(UnsafeRawBufferPointer(mapped.bytes)) }
    }

    /// Notes the lines that are not UTF-8.
    ///
    /// - Throws: ``DatasetError/line(file:_:_:)`` for the first one, unless bad samples are left out.
    func refuseBroken(_ badSamples: BadSamples) throws {
        for (number, offset) in broken {
            let problem = "is not UTF-8 text at byte \(offset)"
            guard badSamples.areSkipped else {
                throw DatasetError.line(file: file, number, problem)
            }
            try badSamples.add("\(file), line \(number)", problem)
        }
    }

    private static func split(
        _ bytes: UnsafeRawBufferPointer
    ) -> (lines: [(number: Int, text: String)], broken: [(number: Int, offset: Int)]) {
        var lines: [(number: Int, text: String)] = []
        var broken: [(number: Int, offset: Int)] = []
        var start = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
        var number = 0
        while start < bytes.count {
            number += 1
            let newline = bytes[start...].firstIndex(of: UInt8(ascii: "\n")) ?? bytes.endIndex
            var end = newline
            if end > start, bytes[end - 1] == UInt8(ascii: "\r") { end -= 1 }
            let line = UnsafeRawBufferPointer(rebasing: bytes[start..<end])
            if let text = String(validating: line, as: UTF8.self) {
                lines.append((number, text))
            } else {
                broken.append((number, start + validPrefix(line)))
            }
            start = newline + 1
        }
        return (lines, broken)
    }

    /// Bytes before the first that is not UTF-8.
    private static func validPrefix(_ bytes: UnsafeRawBufferPointer) -> Int {
        var decoder = UTF8()
        var iterator = bytes.makeIterator()
        var count = 0
        while case .scalarValue(let scalar) = decoder.decode(&iterator) {
            count += UTF8.width(scalar)
        }
        return count
    }
}
