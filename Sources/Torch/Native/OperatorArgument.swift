import CACM

/// One argument of an ``Operator``.
public enum OperatorArgument {
    case none
    case tensor(Tensor)
    case optionalTensor(Tensor?)
    case int(Int)
    case double(Double)
    case bool(Bool)
    case string(String)
    case ints([Int])
    case optionalInts([Int]?)
    case doubles([Double])
    case tensors([Tensor])
    /// A list in which `nil` stands for "this axis whole", as in indexing.
    case optionalTensors([Tensor?])
    case dataType(DataType)
    case optionalDataType(DataType?)
    case device(Device)

    /// Eight-byte words of scratch memory that ``value(scratch:)`` fills.
    var wordCount: Int {
        switch self {
        case .string(let text): text.utf8.count / 8 + 1
        case .ints(let list): list.count
        case .optionalInts(let list): list?.count ?? 0
        case .doubles(let list): list.count
        case .tensors(let list): list.count
        case .optionalTensors(let list): list.count
        default: 0
        }
    }

    /// The native form; lists and strings are copied to `scratch`, which moves past them.
    func value(scratch: inout UnsafeMutablePointer<UInt64>?) -> acm_value {
        var value = acm_value()
        switch self {
        case .none, .optionalTensor(nil), .optionalInts(nil), .optionalDataType(nil):
            value.kind = ACM_NONE
        case .tensor(let tensor), .optionalTensor(let tensor?):
            value.kind = ACM_TENSOR
            value.tensor = tensor.handle
        case .int(let number):
            value.kind = ACM_INTEGER
            value.integer = Int64(number)
        case .double(let number):
            value.kind = ACM_REAL
            value.real = number
        case .bool(let flag):
            value.kind = ACM_BOOLEAN
            value.boolean = flag
        case .string(let text):
            value.kind = ACM_STRING
            let bytes = Array(text.utf8) + [0]
            value.string = bytes.withUnsafeBytes { source in
                place(source, in: &scratch, words: wordCount, as: CChar.self)
            }
        case .ints(let list), .optionalInts(let list?):
            value.kind = ACM_INTEGERS
            value.count = Int32(list.count)
            value.integers = list.withUnsafeBytes {
                place($0, in: &scratch, words: list.count, as: Int64.self)
            }
        case .doubles(let list):
            value.kind = ACM_REALS
            value.count = Int32(list.count)
            value.reals = list.withUnsafeBytes {
                place($0, in: &scratch, words: list.count, as: Double.self)
            }
        case .tensors(let list):
            setTensors(list.map(\.handle), in: &value, scratch: &scratch)
        case .optionalTensors(let list):
            setTensors(list.map { $0?.handle }, in: &value, scratch: &scratch)
        case .dataType(let type), .optionalDataType(let type?):
            value.kind = ACM_INTEGER
            value.integer = Int64(type.code)
        case .device(let device):
            value.kind = ACM_DEVICE
            value.integer = Int64(device.type.code)
            value.count = Int32(device.index)
        }
        return value
    }

    private func setTensors(
        _ handles: [OpaquePointer?], in value: inout acm_value,
        scratch: inout UnsafeMutablePointer<UInt64>?
    ) {
        value.kind = ACM_TENSORS
        value.count = Int32(handles.count)
        value.tensors = handles.withUnsafeBytes {
            place($0, in: &scratch, words: handles.count, as: OpaquePointer?.self)
        }
    }

    /// Copies bytes to the front of `scratch` and moves it on by `words`.
    private func place<Element>(
        _ bytes: UnsafeRawBufferPointer, in scratch: inout UnsafeMutablePointer<UInt64>?,
        words: Int, as type: Element.Type
    ) -> UnsafePointer<Element>? {
        guard let start = scratch, words > 0 else { return nil }
        let raw = UnsafeMutableRawPointer(start)
        if let source = bytes.baseAddress { raw.copyMemory(from: source, byteCount: bytes.count) }
        scratch = start + words
        return UnsafePointer(raw.assumingMemoryBound(to: type))
    }
}
