/// A tensor to be written to a safetensors file: what it is, and a way to its bytes.
public struct SafetensorsTensor {
    /// Receives bytes of a tensor.
    public typealias Receiver = (UnsafeRawBufferPointer) throws -> Void

    /// The name in the file.
    public let name: String
    /// The type of the elements.
    public let dataType: SafetensorsDataType
    /// The length of each axis; empty for a scalar.
    public let shape: [Int]
    /// Hands over the bytes: row-major, little-endian, in one piece or in several in their order.
    /// It is called once, when the tensor's turn comes, so the bytes of all tensors need not be in
    /// memory together.
    public let giveBytes: (Receiver) throws -> Void

    /// Describes a tensor.
    public init(
        name: String, dataType: SafetensorsDataType, shape: [Int],
        giveBytes: @escaping (Receiver) throws -> Void
    ) {
        self.name = name
        self.dataType = dataType
        self.shape = shape
        self.giveBytes = giveBytes
    }
}
