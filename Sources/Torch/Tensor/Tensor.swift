import CACM

/// An array of numbers on a device, with libtorch's semantics: views share memory, and
/// operations are recorded for backward when a parameter that requires gradients is involved.
///
/// A tensor is a reference. In-place methods end in `InPlace` and are seen by all who hold it.
public final class Tensor: @unchecked Sendable {
    /// Alive only as long as the tensor: use ``withHandle(_:)``, or keep the tensor alive around
    /// the use as ``Operator`` does.
    let handle: OpaquePointer

    /// Takes over one reference.
    init(owning handle: OpaquePointer) {
        self.handle = handle
    }

    deinit {
        acm_tensor_free(handle)
    }

    func withHandle<Value>(_ body: (OpaquePointer) throws -> Value) rethrows -> Value {
        try withExtendedLifetime(self) { try body(handle) }
    }

    /// Number of axes.
    public var rank: Int {
        var rank: Int32 = 0
        _ = withHandle { acm_tensor_rank($0, &rank) }
        return Int(rank)
    }

    /// Size of each axis.
    public var shape: [Int] {
        integers(acm_tensor_shape)
    }

    /// Elements to step for the next index of each axis.
    public var strides: [Int] {
        integers(acm_tensor_strides)
    }

    private func integers(_ read: (OpaquePointer?, UnsafeMutablePointer<Int64>?) -> Int32) -> [Int] {
        let rank = rank
        return [Int](unsafeUninitializedCapacity: rank) { buffer, count in
            buffer.withMemoryRebound(to: Int64.self) { words in
                _ = withHandle { read($0, words.baseAddress) }
            }
            count = rank
        }
    }

    /// Number of elements.
    public var elementCount: Int { shape.reduce(1, *) }

    public var dataType: DataType {
        var code: Int32 = -1
        _ = withHandle { acm_tensor_scalar_type($0, &code) }
        // Tensors of other types cannot be made through this interface.
        return DataType(code: code) ?? .float32
    }

    public var device: Device {
        var type: Int32 = 0
        var index: Int32 = 0
        _ = withHandle { acm_tensor_device($0, &type, &index) }
        return Device(type == ACM_CUDA ? .cuda : .cpu, index: Int(index))
    }

    /// Whether the elements lie in row-major order without gaps.
    public var isContiguous: Bool {
        var contiguous = false
        _ = withHandle { acm_tensor_is_contiguous($0, &contiguous) }
        return contiguous
    }

    /// Size of one axis; negative axes count from the last.
    public func size(_ axis: Int) throws -> Int {
        let shape = shape
        let index = axis < 0 ? axis + shape.count : axis
        guard shape.indices.contains(index) else {
            throw TorchError.invalidArgument("axis \(axis) of a tensor with shape \(shape)")
        }
        return shape[index]
    }
}
