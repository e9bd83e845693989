import Foundation

/// Writes safetensors files, byte for byte as the official library does.
public enum SafetensorsWriter {
    /// No disk holds more; leaves room to add the header's length without an overflow.
    private static let maximumDataByteCount = 1 << 62

    /// Writes a file, whole or not at all (see ``AtomicFile``).
    ///
    /// The bytes go straight to the file; no second copy of them is made. Tensors are ordered by
    /// data type (stricter alignment first), then by name, so each is aligned to its element.
    ///
    /// - Parameters:
    ///   - url: the destination; a file that is there is replaced.
    ///   - tensors: in any order.
    ///   - metadata: texts to go along. `transformers` wants `format` to be `pt`.
    /// - Throws: `SafetensorsError.cannotWrite` for a name that comes twice, a shape that is not
    ///   possible, or bytes that do not fit the shape; `FileError`; what a tensor's `giveBytes`
    ///   throws. The destination is then unchanged.
    public static func write(
        to url: URL, tensors: [SafetensorsTensor], metadata: [String: String] = ["format": "pt"]
    ) throws {
        let file = url.relativePath
        let sorted = tensors.sorted {
            ($1.dataType.rank, ExactString($0.name)) < ($0.dataType.rank, ExactString($1.name))
        }
        let (header, byteCounts, dataByteCount) = try layOut(sorted, metadata, file: file)
        try AtomicFile.write(to: url) { output in
            try output.reserve(byteCount: header.count + dataByteCount)
            try output.append(header)
            for (tensor, byteCount) in zip(sorted, byteCounts) {
                let start = output.byteCount
                try tensor.giveBytes { bytes in
                    guard bytes.count <= byteCount - (output.byteCount - start) else {
                        throw cannotWrite(file, tensor, "\(byteCount) bytes", "more")
                    }
                    try output.append(bytes)
                }
                guard output.byteCount - start == byteCount else {
                    throw cannotWrite(
                        file, tensor, "\(byteCount) bytes", "\(output.byteCount - start)")
                }
            }
        }
    }

    /// The header with its length before it, the size of each tensor, and their sum.
    private static func layOut(
        _ tensors: [SafetensorsTensor], _ metadata: [String: String], file: String
    ) throws -> (header: [UInt8], byteCounts: [Int], dataByteCount: Int) {
        var object = JSONObject()
        if !metadata.isEmpty {
            object[SafetensorsHeader.metadataKey] = .object(sortedObject(metadata))
        }
        var names: Set<String> = [SafetensorsHeader.metadataKey]
        var byteCounts: [Int] = []
        var offset = 0
        for tensor in tensors {
            guard names.insert(tensor.name).inserted else {
                throw cannotWrite(file, tensor, "a name of its own", "one that is taken")
            }
            let byteCount = tensor.dataType.byteCount(of: tensor.shape)
            guard let byteCount, byteCount <= maximumDataByteCount - offset else {
                throw cannotWrite(
                    file, tensor, "a shape that fits a file", JSONValue.summary(of: tensor.shape))
            }
            let end = offset + byteCount
            object[tensor.name] = [
                "dtype": .string(tensor.dataType.rawValue),
                "shape": .array(tensor.shape.map(JSONValue.integer)),
                "data_offsets": [.integer(offset), .integer(end)],
            ]
            byteCounts.append(byteCount)
            offset = end
        }
        return (try encode(.object(object), file: file), byteCounts, offset)
    }

    private static func encode(_ header: JSONValue, file: String) throws -> [UInt8] {
        var text = try JSONPrinter.print(header, .compact)
        let padding = (8 - text.count % 8) % 8
        text.append(contentsOf: repeatElement(UInt8(ascii: " "), count: padding))
        guard text.count <= SafetensorsHeader.maximumByteCount else {
            throw SafetensorsError.invalidHeader(
                file: file, expected: "at most \(SafetensorsHeader.maximumByteCount) bytes long",
                found: "\(text.count) bytes")
        }
        return withUnsafeBytes(of: UInt64(text.count).littleEndian, Array.init) + text
    }

    private static func sortedObject(_ texts: [String: String]) -> JSONObject {
        var object = JSONObject()
        for (key, value) in texts.sorted(by: { ExactString($0.key) < ExactString($1.key) }) {
            object[key] = .string(value)
        }
        return object
    }

    private static func cannotWrite(
        _ file: String, _ tensor: SafetensorsTensor, _ expected: String, _ found: String
    ) -> SafetensorsError {
        .cannotWrite(file: file, tensor: tensor.name, expected: expected, found: found)
    }
}
