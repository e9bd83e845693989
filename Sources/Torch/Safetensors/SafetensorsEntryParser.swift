/// Parses one tensor's entry in a safetensors header:
/// `{"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]}`.
///
/// Whether the data lies within the file is checked with the coverage of the whole data.
struct SafetensorsEntryParser {
    let file: String
    let name: String
    /// The offset of the data in the file, which `data_offsets` count from.
    let dataStart: Int

    /// - Throws: `SafetensorsError.invalidTensor`.
    func parse(_ value: JSONValue) throws -> SafetensorsEntry {
        guard case .object(let object) = value else {
            throw invalid("an object with dtype, shape, data_offsets", value.summary)
        }
        let known = ["dtype", "shape", "data_offsets"]
        if let unknown = object.keys.first(where: { !known.contains($0) }) {
            throw invalid("only dtype, shape, data_offsets", JSONValue.quoted(unknown))
        }
        let dataType = try parseDataType(object["dtype"])
        let shape = try parseShape(object["shape"])
        let range = try parseRange(object["data_offsets"])
        guard let byteCount = dataType.byteCount(of: shape) else {
            throw invalid("a size below 2^63 bytes", "shape \(JSONValue.summary(of: shape))")
        }
        guard range.count == byteCount else {
            throw invalid(
                "\(byteCount) bytes (\(dataType.rawValue) \(JSONValue.summary(of: shape)))",
                "data_offsets of \(range.count) bytes")
        }
        return SafetensorsEntry(name: name, dataType: dataType, shape: shape, range: range)
    }

    private func parseDataType(_ value: JSONValue?) throws -> SafetensorsDataType {
        guard let value else { throw invalid("a dtype", "none") }
        guard let dataType = value.stringValue.flatMap(SafetensorsDataType.init(rawValue:)) else {
            let names = SafetensorsDataType.allCases.map(\.rawValue).joined(separator: ", ")
            throw invalid("a dtype out of \(names)", value.summary)
        }
        return dataType
    }

    private func parseShape(_ value: JSONValue?) throws -> [Int] {
        guard let value else { throw invalid("a shape", "none") }
        guard let shape = Self.integers(value) else {
            throw invalid("a shape of non-negative integers", value.summary)
        }
        return shape
    }

    private func parseRange(_ value: JSONValue?) throws -> Range<Int> {
        guard let value else { throw invalid("data_offsets", "none") }
        guard let offsets = Self.integers(value), offsets.count == 2, offsets[0] <= offsets[1]
        else {
            throw invalid(
                "data_offsets of two non-negative integers, begin and end", value.summary)
        }
        // The end in the file, so that no later sum of offsets can overflow.
        let (end, overflows) = offsets[1].addingReportingOverflow(dataStart)
        guard !overflows else {
            throw invalid("data_offsets within the file", value.summary)
        }
        return dataStart + offsets[0]..<end
    }

    private static func integers(_ value: JSONValue) -> [Int]? {
        guard case .array(let elements) = value else { return nil }
        var integers: [Int] = []
        integers.reserveCapacity(elements.count)
        for element in elements {
            guard case .integer(let integer) = element, integer >= 0 else { return nil }
            integers.append(integer)
        }
        return integers
    }

    private func invalid(_ expected: String, _ found: String) -> SafetensorsError {
        .invalidTensor(file: file, tensor: name, expected: expected, found: found)
    }
}
