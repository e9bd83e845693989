import Foundation

/// Reading and writing texts and files.
extension JSONValue {
    /// Parses a document from UTF-8 bytes.
    ///
    /// - Parameters:
    ///   - bytes: the document.
    ///   - source: its name in errors, such as `config.json`.
    /// - Throws: `JSONError.malformed` with line and column.
    public init(parsing bytes: UnsafeRawBufferPointer, source: String = "JSON") throws {
        self = try JSONParser.parse(bytes, source: source)
    }

    /// Parses a document from UTF-8 data; see `init(parsing:source:)` over bytes.
    public init(parsing data: Data, source: String = "JSON") throws {
        self = try data.withUnsafeBytes { try JSONParser.parse($0, source: source) }
    }

    /// Parses a document from a text; see `init(parsing:source:)` over bytes.
    public init(parsing text: String, source: String = "JSON") throws {
        var text = text
        self = try text.withUTF8 {
            try JSONParser.parse(UnsafeRawBufferPointer($0), source: source)
        }
    }

    /// Reads a file that holds one document.
    ///
    /// - Throws: `FileError` if it cannot be read, `JSONError.malformed` if it is not JSON.
    public init(contentsOf url: URL) throws {
        let file = try MappedFile(url)
        self = try withExtendedLifetime(file) {
            try JSONParser.parse(UnsafeRawBufferPointer(file.bytes), source: file.path)
        }
    }

    /// The document as a text, without a newline at its end.
    ///
    /// - Throws: `JSONError.notFinite` for an infinity or not-a-number.
    public func text(_ format: JSONFormat = .indented) throws -> String {
        String(decoding: try JSONPrinter.print(self, format), as: UTF8.self)
    }

    /// Writes the document and a newline to a file, whole or not at all (see ``AtomicFile``).
    ///
    /// - Throws: `JSONError.notFinite`, or `FileError` if it cannot be written.
    public func write(to url: URL, _ format: JSONFormat = .indented) throws {
        let bytes = try JSONPrinter.print(self, format) + [0x0A]
        try AtomicFile.write(bytes, to: url)
    }
}
