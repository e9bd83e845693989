import CACM

/// The type of a tensor's elements.
public enum DataType: String, Sendable, CaseIterable {
    case uint8, int8, int16, int32, int64, float16, float32, float64, bool, bfloat16

    /// Bytes of one element.
    public var byteCount: Int {
        switch self {
        case .uint8, .int8, .bool: 1
        case .int16, .float16, .bfloat16: 2
        case .int32, .float32: 4
        case .int64, .float64: 8
        }
    }

    public var isFloatingPoint: Bool {
        switch self {
        case .float16, .bfloat16, .float32, .float64: true
        default: false
        }
    }

    var code: Int32 {
        switch self {
        case .uint8: ACM_UINT8
        case .int8: ACM_INT8
        case .int16: ACM_INT16
        case .int32: ACM_INT32
        case .int64: ACM_INT64
        case .float16: ACM_FLOAT16
        case .float32: ACM_FLOAT32
        case .float64: ACM_FLOAT64
        case .bool: ACM_BOOL
        case .bfloat16: ACM_BFLOAT16
        }
    }

    init?(code: Int32) {
        guard let match = Self.allCases.first(where: { $0.code == code }) else { return nil }
        self = match
    }
}

/// A Swift number that a tensor can hold.
public protocol TensorScalar: Sendable, BitwiseCopyable {
    static var dataType: DataType { get }
}

extension UInt8: TensorScalar { public static let dataType = DataType.uint8 }
extension Int8: TensorScalar { public static let dataType = DataType.int8 }
extension Int16: TensorScalar { public static let dataType = DataType.int16 }
extension Int32: TensorScalar { public static let dataType = DataType.int32 }
extension Int64: TensorScalar { public static let dataType = DataType.int64 }
extension Int: TensorScalar { public static let dataType = DataType.int64 }
extension Float: TensorScalar { public static let dataType = DataType.float32 }
extension Double: TensorScalar { public static let dataType = DataType.float64 }
extension Bool: TensorScalar { public static let dataType = DataType.bool }
