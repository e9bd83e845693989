/// The element types of the safetensors format; the raw value is the name in the file.
///
/// The cases stand in the format's own order, which decides the order of tensors in a file: later
/// ones, which need the stricter alignment, come first.
public enum SafetensorsDataType: String, CaseIterable, Sendable {
    case bool = "BOOL"
    case uint8 = "U8"
    case int8 = "I8"
    case float8E5M2 = "F8_E5M2"
    case float8E4M3 = "F8_E4M3"
    case int16 = "I16"
    case uint16 = "U16"
    case float16 = "F16"
    case bfloat16 = "BF16"
    case int32 = "I32"
    case uint32 = "U32"
    case float32 = "F32"
    case float64 = "F64"
    case int64 = "I64"
    case uint64 = "U64"

    /// The size of an element in bytes.
    public var byteCount: Int {
        switch self {
        case .bool, .uint8, .int8, .float8E5M2, .float8E4M3: 1
        case .int16, .uint16, .float16, .bfloat16: 2
        case .int32, .uint32, .float32: 4
        case .float64, .int64, .uint64: 8
        }
    }

    /// The bytes that a tensor of this shape takes; nil if a length is negative or the product
    /// exceeds `Int`.
    func byteCount(of shape: [Int]) -> Int? {
        var count = byteCount
        for length in shape {
            guard length >= 0 else { return nil }
            let (product, overflows) = count.multipliedReportingOverflow(by: length)
            guard !overflows else { return nil }
            count = product
        }
        return count
    }

    /// The place in the format's order.
    var rank: Int {
        Self.allCases.firstIndex(of: self) ?? 0
    }
}
