import Foundation
import Torch

/// A file of events that TensorBoard reads while it grows.
final class EventFile {
    let url: URL
    /// Whole records so far.
    private(set) var byteCount: Int
    private let descriptor: Int32

    /// Where a file stood at some moment.
    struct Position: Equatable {
        let name: String
        /// Whole records.
        let byteCount: Int

        init(name: String, byteCount: Int) {
            self.name = name
            self.byteCount = byteCount
        }

        /// - Throws: `JSONError` for a missing or wrong entry.
        init(_ reader: JSONObjectReader) throws {
            name = try reader.string("name")
            byteCount = try reader.integer("bytes", in: 0...Int.max)
        }

        var json: JSONValue { ["name": .string(name), "bytes": .integer(byteCount)] }
    }

    var position: Position { Position(name: url.lastPathComponent, byteCount: byteCount) }

    /// Goes on in a folder where a file stood at some moment, or begins a new file where there is none.
    ///
    /// - Throws: `FileError`.
    static func open(in folder: URL, goingOnFrom position: Position?) throws -> EventFile {
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let known = try position.flatMap {
            try EventFile(goingOnWith: folder.appendingPathComponent($0.name), byteCount: $0.byteCount)
        }
        return try known ?? EventFile(in: folder)
    }

    private static let prefix = "events.out.tfevents."

    /// Begins a file in a folder; those of earlier runs, which would be drawn into the same curves, go.
    ///
    /// - Throws: `FileError`.
    convenience init(in folder: URL, at date: Date = Date()) throws {
        for name in try Self.names(in: folder) {
            try FileManager.default.removeItem(at: folder.appendingPathComponent(name))
        }
        let host = ProcessInfo.processInfo.hostName
        let name = "\(Self.prefix)\(Int(date.timeIntervalSince1970)).\(host)"
        try self.init(folder.appendingPathComponent(name), byteCount: 0)
        try append(.fileVersion, step: 0, at: date)
    }

    /// Goes on with a file behind its first bytes; what came after them is cut off.
    ///
    /// - Returns: nil where the file is not there or has fewer bytes.
    /// - Throws: `FileError`.
    convenience init?(goingOnWith url: URL, byteCount: Int) throws {
        let attributes = try? FileManager.default.attributesOfItem(atPath: url.path)
        guard let size = attributes?[.size] as? Int, size >= byteCount else { return nil }
        try self.init(url, byteCount: byteCount)
    }

    private init(_ url: URL, byteCount: Int) throws {
        self.url = url
        self.byteCount = byteCount
        descriptor = Foundation.open(url.path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o666)
        guard descriptor >= 0, ftruncate(descriptor, off_t(byteCount)) == 0 else {
            throw FileError(operation: "write", path: url.relativePath, code: errno)
        }
    }

    deinit {
        if descriptor >= 0 { close(descriptor) }
    }

    /// The event files of a folder.
    static func names(in folder: URL) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: folder.path).filter { $0.hasPrefix(prefix) }
            .sorted()
    }

    /// - Throws: `FileError`, such as `diskFull`.
    func append(_ content: TensorBoardEvent.Content, step: Int, at date: Date = Date()) throws {
        let record = TensorBoardEvent(
            wallTime: date.timeIntervalSince1970, step: step, content: content
        ).record
        try record.withUnsafeBytes { bytes in
            var rest = bytes[...]
            while !rest.isEmpty {
                let written = write(
                    descriptor, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
                if written < 0 {
                    if errno == EINTR { continue }
                    throw FileError(operation: "write", path: url.relativePath, code: errno)
                }
                rest = rest.dropFirst(written)
            }
        }
        byteCount += record.count
    }
}
