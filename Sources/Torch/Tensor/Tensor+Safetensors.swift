import Foundation

extension DataType {
    /// The safetensors type of the same elements.
    public var safetensors: SafetensorsDataType {
        switch self {
        case .uint8: .uint8
        case .int8: .int8
        case .int16: .int16
        case .int32: .int32
        case .int64: .int64
        case .float16: .float16
        case .bfloat16: .bfloat16
        case .float32: .float32
        case .float64: .float64
        case .bool: .bool
        }
    }

    /// `nil` for a type that tensors of this package do not hold.
    public init?(safetensors: SafetensorsDataType) {
        guard let match = Self.allCases.first(where: { $0.safetensors == safetensors }) else { return nil }
        self = match
    }
}

extension SafetensorsFile {
    /// A tensor over the mapped file, without a copy unless it lies at an odd address: its pages are read when they are touched,
    /// and writing to it does not change the file.
    ///
    /// - Throws: ``SafetensorsError`` for an unknown name, or an element type that tensors do not
    ///   hold.
    public func tensor(_ name: String) throws -> Tensor {
        let entry = try entry(name)
        guard let type = DataType(safetensors: entry.dataType) else {
            let known = DataType.allCases.map(\.safetensors.rawValue).joined(separator: ", ")
            throw SafetensorsError.invalidTensor(
                file: path, tensor: name, expected: "one of the types \(known)",
                found: entry.dataType.rawValue)
        }
        let tensor = try Tensor(
            memory: mapping.bytes.baseAddress.map { $0 + entry.range.lowerBound },
            shape: entry.shape, dataType: type, owner: mapping)
        return try entry.isAligned ? tensor : tensor.clone()
    }

    /// All tensors of the file by name.
    public func tensors() throws -> [String: Tensor] {
        try Dictionary(uniqueKeysWithValues: names.map { ($0, try tensor($0)) })
    }
}

extension SafetensorsWriter {
    /// Writes tensors of any device to a file, which appears whole or not at all.
    ///
    /// - Throws: ``FileError`` when the file cannot be written, ``SafetensorsError`` for two
    ///   tensors of one name.
    public static func write(
        _ tensors: [(name: String, tensor: Tensor)], to url: URL,
        metadata: [String: String] = ["format": "pt"]
    ) throws {
        let described = tensors.map { name, tensor in
            SafetensorsTensor(
                name: name, dataType: tensor.dataType.safetensors, shape: tensor.shape
            ) { receive in
                try tensor.detach().to(.cpu).contiguous().withBytes {
                    try receive(UnsafeRawBufferPointer($0))
                }
            }
        }
        try write(to: url, tensors: described, metadata: metadata)
    }
}
