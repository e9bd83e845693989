import CACM

extension Tensor {
    /// A tensor over host memory that it does not copy.
    ///
    /// - Parameters:
    ///   - memory: the elements in row-major order; they must stay until `owner` is released.
    ///   - shape: size of each axis.
    ///   - dataType: of the elements.
    ///   - owner: kept alive as long as the tensor or a view of it.
    /// - Throws: ``TorchError`` for a negative or overflowing shape.
    public convenience init(
        memory: UnsafeMutableRawPointer?, shape: [Int], dataType: DataType, owner: AnyObject
    ) throws {
        try NativeLibrary.open()
        var handle: OpaquePointer?
        let retained = Unmanaged.passRetained(owner)
        let status = shape.map(Int64.init).withUnsafeBufferPointer { sizes in
            acm_tensor_create(
                memory, dataType.code, sizes.baseAddress, Int32(sizes.count),
                { context in
                    if let context { Unmanaged<AnyObject>.fromOpaque(context).release() }
                }, retained.toOpaque(), &handle)
        }
        guard status == ACM_OK, let handle else {
            retained.release()
            try check(status)
            throw TorchError.failure("a tensor of shape \(shape) was not created")
        }
        self.init(owning: handle)
    }

    /// A tensor on the host with these elements in row-major order.
    ///
    /// - Throws: ``TorchError/invalidArgument(_:)`` when their number does not fit the shape.
    public convenience init<Scalar: TensorScalar>(_ elements: [Scalar], shape: [Int]) throws {
        guard shape.reduce(1, *) == elements.count else {
            throw TorchError.invalidArgument(
                "\(elements.count) elements do not fill a tensor of shape \(shape)")
        }
        let block = MemoryBlock(byteCount: elements.count * MemoryLayout<Scalar>.stride)
        elements.withUnsafeBytes { block.bytes.copyMemory(from: $0) }
        try self.init(
            memory: block.bytes.baseAddress, shape: shape, dataType: Scalar.dataType, owner: block)
    }

    /// A vector on the host.
    public convenience init<Scalar: TensorScalar>(_ elements: [Scalar]) throws {
        try self.init(elements, shape: [elements.count])
    }

    /// A tensor without axes.
    public convenience init<Scalar: TensorScalar>(scalar: Scalar) throws {
        try self.init([scalar], shape: [])
    }

    /// The elements in row-major order, converted to the asked type.
    public func array<Scalar: TensorScalar>(of type: Scalar.Type = Scalar.self) throws -> [Scalar] {
        try to(.cpu, Scalar.dataType).contiguous().withBytes { bytes in
            Array(bytes.bindMemory(to: Scalar.self))
        }
    }

    /// The one element, converted to the asked type.
    public func item<Scalar: TensorScalar>(_ type: Scalar.Type = Scalar.self) throws -> Scalar {
        let elements = try array(of: type)
        guard elements.count == 1 else {
            throw TorchError.invalidArgument("item() of a tensor with shape \(shape)")
        }
        return elements[0]
    }

    /// Lets the system take the memory of a contiguous tensor on the host that is not used soon; what comes from a
    /// file is read again when it is. Other tensors stay as they are.
    public func pageOut() throws {
        guard device == .cpu, isContiguous else { return }
        try withBytes { acm_memory_page_out($0.baseAddress, $0.count) }
    }

    /// Reads or writes the memory of a contiguous tensor on the host.
    public func withBytes<Value>(
        _ body: (UnsafeMutableRawBufferPointer) throws -> Value
    ) throws -> Value {
        guard device == .cpu, isContiguous else {
            throw TorchError.invalidArgument(
                "the bytes of a tensor can be used on the host and in row-major order only")
        }
        return try withHandle { handle in
            var data: UnsafeMutableRawPointer?
            try check(acm_tensor_data(handle, &data))
            return try body(
                UnsafeMutableRawBufferPointer(
                    start: data, count: elementCount * dataType.byteCount))
        }
    }
}

/// Host memory that is freed with its last owner; aligned to a cache line.
final class MemoryBlock {
    let bytes: UnsafeMutableRawBufferPointer

    init(byteCount: Int) {
        bytes = .allocate(byteCount: max(byteCount, 1), alignment: 64)
    }

    deinit {
        bytes.deallocate()
    }
}
