/// Where a tensor lies in a safetensors file, and what it is.
public struct SafetensorsEntry: Equatable, Sendable {
    /// The tensor's name.
    public let name: String
    /// The type of its elements, little-endian in the file.
    public let dataType: SafetensorsDataType
    /// The length of each axis; empty for a scalar. The elements lie in row-major order.
    public let shape: [Int]
    /// The bytes, counted from the start of the file.
    public let range: Range<Int>

    /// Whether the elements lie at multiples of their size, as most processors want them. Files of
    /// the official library and of ours always do.
    public var isAligned: Bool {
        range.lowerBound.isMultiple(of: dataType.byteCount)
    }
}
