/// The header of a safetensors file, parsed and checked.
///
/// The format: eight bytes, the header's length (little-endian); the header, a JSON object that
/// may be padded with spaces; the data. The header maps each tensor's name to its data type, its
/// shape, and its bytes counted from the start of the data; `__metadata__` maps texts to texts.
/// The tensors cover the data without gap or overlap.
struct SafetensorsHeader: Sendable {
    /// The format's limit on the length of the header.
    static let maximumByteCount = 100_000_000
    /// The bytes before the header.
    static let prefixByteCount = 8
    /// The key that holds the metadata.
    static let metadataKey = "__metadata__"

    /// How a file starts that Git LFS left in place of the real one.
    private static let pointerStart = "version https://git-lfs"

    /// The texts under `__metadata__`.
    private(set) var metadata: [String: String] = [:]
    /// The tensors by name.
    private(set) var entries: [String: SafetensorsEntry] = [:]
    /// The names in the order of the data.
    private(set) var names: [String] = []

    private let file: String

    /// Parses the header of a file whose whole content is `bytes`; `file` names it in errors.
    ///
    /// - Throws: `SafetensorsError.invalidHeader` or `.invalidTensor`.
    init(_ bytes: UnsafeRawBufferPointer, file: String) throws {
        self.file = file
        let dataStart = try headerEnd(bytes)
        let header = UnsafeRawBufferPointer(rebasing: bytes[Self.prefixByteCount..<dataStart])
        for (key, value) in try parseObject(header) {
            if key == Self.metadataKey {
                metadata = try parseMetadata(value)
            } else {
                let parser = SafetensorsEntryParser(file: file, name: key, dataStart: dataStart)
                let entry = try parser.parse(value)
                guard entries.updateValue(entry, forKey: key) == nil else {
                    throw SafetensorsError.invalidTensor(
                        file: file, tensor: key, expected: "a name of its own",
                        found: "another that differs only in Unicode normalisation")
                }
                names.append(key)
            }
        }
        try checkCoverage(of: dataStart..<bytes.count)
    }

    /// Reads the length of the header and gives the offset of the data behind it.
    private func headerEnd(_ bytes: UnsafeRawBufferPointer) throws -> Int {
        guard bytes.count >= Self.prefixByteCount else {
            throw invalid(
                "behind eight bytes that tell its length", "a file of \(bytes.count) bytes")
        }
        guard !bytes.starts(with: Self.pointerStart.utf8) else {
            throw invalid("there", "a Git LFS pointer; fetch the file itself with: git lfs pull")
        }
        let length = UInt64(littleEndian: bytes.loadUnaligned(as: UInt64.self))
        guard length <= UInt64(Self.maximumByteCount) else {
            throw invalid("at most \(Self.maximumByteCount) bytes long", "a length of \(length)")
        }
        let end = Self.prefixByteCount + Int(length)
        guard end <= bytes.count else {
            throw invalid("within the file of \(bytes.count) bytes", "a length of \(length)")
        }
        return end
    }

    private func parseObject(_ header: UnsafeRawBufferPointer) throws -> JSONObject {
        guard header.first == UInt8(ascii: "{") else {
            throw invalid("a JSON object that starts with '{'", "something else")
        }
        do {
            guard case .object(let object) = try JSONParser.parse(header, source: file) else {
                throw invalid("a JSON object", "something else")
            }
            return object
        } catch JSONError.malformed(_, let line, let column, let expected, let found) {
            throw invalid(
                "a JSON object",
                "\(found) in place of \(expected) at line \(line), column \(column)")
        }
    }

    private func parseMetadata(_ value: JSONValue) throws -> [String: String] {
        guard case .object(let object) = value else {
            throw invalid("an object whose __metadata__ maps texts to texts", value.summary)
        }
        var metadata: [String: String] = [:]
        for (key, value) in object {
            guard case .string(let text) = value else {
                throw invalid(
                    "an object whose __metadata__ maps texts to texts",
                    "\(JSONValue.quoted(key)): \(value.summary)")
            }
            metadata[key] = text
        }
        return metadata
    }

    /// Sorts the names by their place and checks that the tensors follow upon each other.
    private mutating func checkCoverage(of data: Range<Int>) throws {
        let sorted = names.compactMap { entries[$0] }.sorted {
            ($0.range.lowerBound, $0.range.upperBound) < ($1.range.lowerBound, $1.range.upperBound)
        }
        var end = data.lowerBound
        for entry in sorted {
            guard entry.range.lowerBound == end else {
                let kind = entry.range.lowerBound < end ? "an overlap" : "a gap"
                throw SafetensorsError.invalidTensor(
                    file: file, tensor: entry.name,
                    expected: "data from offset \(end - data.lowerBound), where the last one ends",
                    found: "\(kind): offset \(entry.range.lowerBound - data.lowerBound)")
            }
            end = entry.range.upperBound
        }
        guard end == data.upperBound else {
            throw invalid(
                "followed by the \(end - data.lowerBound) bytes of its tensors",
                "\(data.count) bytes")
        }
        names = sorted.map(\.name)
    }

    private func invalid(_ expected: String, _ found: String) -> SafetensorsError {
        .invalidHeader(file: file, expected: expected, found: found)
    }
}
